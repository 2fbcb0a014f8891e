"""DPO with the sigmoid loss; cDPO, the same with label smoothing; ODPO, with an offset."""

from adapters import eric_mitchell, halos, levanter, liger, nemo_aligner, odpo, openrlhf, trl, trl_legacy, tunix
from lib.exact import smoothed
from lib.golden_file import GoldenFile
from lib.inputs import binary, pair_inputs, rng
from lib.pairs import POLICY, margins
from lib.runner import Case, run
from lib.tensors import constant

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
    "nemo-aligner": nemo_aligner.dpo,
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
    "nemo-aligner": nemo_aligner.PAIR_FUNCTION,
}


def formula(fields, options) -> list:
    """Our own reading of the loss."""
    count = len(fields["policyChosen"])
    preference = options.get("preference", 1 - options.get("labelSmoothing", 0))
    preferences = preference if isinstance(preference, list) else [preference] * count
    offsets = options.get("offset", [0] * count)
    return [smoothed(options["beta"] * x - m, 1 - p) for x, m, p in zip(margins(fields), offsets, preferences)]


def with_offset(name, fields) -> list:
    """One offset per pair."""
    offsets = binary(rng(name[0], f"offset{name}").normal(0, 1, len(fields["policyChosen"])), 10)
    return [dict(beta=0.1, offset=offsets.tolist())]


def with_preference(name, fields) -> list:
    """One soft label per pair."""
    preferences = binary(rng(name[0], f"preference{name}").uniform(0, 1, len(fields["policyChosen"])), 10)
    return [dict(beta=0.1, preference=preferences.tolist())]


def soft(adapter):
    """Call an original that has label smoothing with a soft label; some take one per pair, too."""

    def soft_adapter(options, fields):
        preference = options["preference"]
        smoothing = 1 - (constant(preference) if isinstance(preference, list) else preference)
        return adapter({"beta": options["beta"], "labelSmoothing": smoothing}, fields)

    return soft_adapter


def build() -> GoldenFile:
    golden = GoldenFile(
        "dpo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta ((policyChosen - referenceChosen) - "
        "(policyRejected - referenceRejected)) - offset, e = labelSmoothing or 1 - preference",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "TRL 1.16.0, Liger, Levanter and NeMo-Aligner have no label smoothing for this loss: they are in the records "
            "without it. A preference is the label smoothing 1 - preference of the originals.",
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
        Case(
            inputs,
            [dict(beta=0.1, preference=0.75), dict(beta=0.3, preference=0.125)],
            {source: soft(adapter) for source, adapter in SMOOTHED.items()},
            formula,
            POLICY,
        ),
        Case(
            inputs,
            with_preference,
            {"trl-0.27.2": soft(trl_legacy.dpo), "eric-mitchell": soft(eric_mitchell.dpo)},
            formula,
            POLICY,
        ),
        Case(inputs, with_offset, {"odpo": odpo.dpo}, formula, POLICY),
    )
