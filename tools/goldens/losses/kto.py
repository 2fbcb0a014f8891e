"""KTO, with the KL estimated from mismatched completions."""

import mpmath as mp

from adapters import halos, liger, trl
from lib.exact import sigmoid, to_float, to_mp
from lib.golden_file import GoldenFile
from lib.inputs import unpaired_inputs
from lib.runner import Case, run

FUNCTIONS = {"trl-1.16.0": trl.KTO_FUNCTION, "halos": halos.KTO_FUNCTION, "liger-0.8.5": liger.KTO_FUNCTION}
UNWEIGHTED = dict(beta=0.1, desirableWeight=1.0, undesirableWeight=1.0)
WEIGHTED = dict(beta=0.3, desirableWeight=1.33, undesirableWeight=0.8)


def kl_estimate(fields):
    """max(0, mean(klPolicy - klReference))."""
    ratios = [p - r for p, r in zip(fields["klPolicy"], fields["klReference"])]
    return max(mp.mpf(0), mp.fsum(ratios) / len(ratios))


def formula(fields, options) -> list:
    kl = kl_estimate(fields)
    losses = []
    for policy, reference, desirable in zip(fields["policy"], fields["reference"], fields["desirable"]):
        gain = options["beta"] * (policy - reference - kl)
        weight = options["desirableWeight"] if desirable else options["undesirableWeight"]
        losses.append(weight * sigmoid(-gain if desirable else gain))
    return losses


def inputs_with_kl() -> dict:
    """Return the inputs with the KL estimate as a further field, for originals that take it as an argument."""
    sets = unpaired_inputs()
    for fields in sets.values():
        fields["kl"] = to_float(kl_estimate({k: to_mp(v) for k, v in fields.items()}))
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "kto",
        "desirable: desirableWeight sigmoid(-beta (policy - reference - kl)); undesirable: undesirableWeight "
        "sigmoid(beta (policy - reference - kl)); kl = max(0, mean(klPolicy - klReference)), not differentiated",
        [
            "grads = d sum(losses) / d input; by reference it is minus the one by policy. kl has no gradient.",
            "losses are in input order (TRL and HALOs return desirable rows first). outputs.kl: the KL estimate that "
            "the source computed from klPolicy and klReference; inputs.kl is its exact value, rounded.",
            "The originals compute 1 - sigmoid(x), which loses all relative precision below 1e-16: compare relative to "
            "max(1, |value|), or take the record of `exact`, which has every digit.",
        ],
        FUNCTIONS,
    )
    inputs = inputs_with_kl()
    extras = dict(kl=kl_estimate)
    full = {"trl-1.16.0": trl.kto, "halos": halos.kto}
    return run(
        golden,
        Case(inputs, [UNWEIGHTED], {**full, "liger-0.8.5": liger.kto}, formula, ("policy",), extras),
        Case(inputs, [WEIGHTED], full, formula, ("policy",), extras),
    )
