"""DPO with the sigmoid loss, and cDPO: the same with label smoothing."""

from adapters import eric_mitchell, halos, levanter, liger, openrlhf, trl, trl_legacy, tunix
from adapters.pairs import POLICY
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.runner import Case, run

SMOOTHED = {
    "trl-0.27.2": trl_legacy.dpo,
    "eric-mitchell": eric_mitchell.dpo,
    "openrlhf-0.11.2": openrlhf.dpo,
    "halos": halos.cdpo,
    "tunix": tunix.dpo,
}
SIGMOID = {
    "trl-1.16.0": trl.dpo,
    **SMOOTHED,
    "halos": halos.dpo,
    "liger-0.8.5": liger.dpo,
    "levanter": levanter.dpo,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "eric-mitchell": eric_mitchell.FUNCTION,
    "openrlhf-0.11.2": openrlhf.DPO_FUNCTION,
    "halos": halos.PAIR_FUNCTION,
    "tunix": tunix.DPO_FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
    "levanter": levanter.FUNCTION,
}


def margins(fields) -> list:
    """(policyChosen - referenceChosen) - (policyRejected - referenceRejected), one per pair."""
    columns = zip(*(fields[k] for k in ("policyChosen", "referenceChosen", "policyRejected", "referenceRejected")))
    return [(w - v) - (k - r) for w, v, k, r in columns]


def formula(fields, options) -> list:
    """Our own reading of the loss."""
    e = options.get("labelSmoothing", 0)
    h = [options["beta"] * x for x in margins(fields)]
    return [-(1 - e) * log_sigmoid(x) - e * log_sigmoid(-x) for x in h]


def build() -> GoldenFile:
    golden = GoldenFile(
        "dpo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta ((policyChosen - referenceChosen) - "
        "(policyRejected - referenceRejected)), e = labelSmoothing",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "TRL 1.16.0, Liger and Levanter have no label smoothing for this loss: they are in the records without it.",
        ],
        FUNCTIONS,
    )
    inputs = pair_inputs()
    return run(
        golden,
        Case(inputs, [dict(beta=0.1), dict(beta=0.5)], SIGMOID, formula, POLICY),
        Case(
            inputs,
            [dict(beta=0.1, labelSmoothing=0.1), dict(beta=0.3, labelSmoothing=0.25)],
            SMOOTHED,
            formula,
            POLICY,
        ),
    )
