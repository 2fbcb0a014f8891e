"""DPO with the sigmoid loss; cDPO, the same with label smoothing; ODPO, with an offset."""

from adapters import eric_mitchell, halos, levanter, liger, odpo, openrlhf, trl, trl_legacy, tunix
from lib.exact import smoothed
from lib.golden_file import GoldenFile
from lib.inputs import binary, pair_inputs, rng
from lib.pairs import POLICY, margins
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
    "odpo": odpo.FUNCTION,
}


def formula(fields, options) -> list:
    """Our own reading of the loss."""
    e = options.get("labelSmoothing", 0)
    offsets = options.get("offset", [0] * len(fields["policyChosen"]))
    return [smoothed(options["beta"] * x - m, e) for x, m in zip(margins(fields), offsets)]


def with_offset(name, fields) -> list:
    """One offset per pair."""
    offsets = binary(rng(name[0], f"offset{name}").normal(0, 1, len(fields["policyChosen"])), 10)
    return [dict(beta=0.1, offset=offsets.tolist())]


def build() -> GoldenFile:
    golden = GoldenFile(
        "dpo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta ((policyChosen - referenceChosen) - "
        "(policyRejected - referenceRejected)) - offset, e = labelSmoothing",
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
        Case(inputs, with_offset, {"odpo": odpo.dpo}, formula, POLICY),
    )
