"""REBEL: regression to the difference of rewards."""

from adapters import rebel
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_rewards
from lib.pairs import POLICY, margins
from lib.runner import Case, run

WRT = (*POLICY, "chosenRewards", "rejectedRewards")


def formula(fields, options) -> list:
    gaps = [options["eta"] * (w - k) for w, k in zip(fields["chosenRewards"], fields["rejectedRewards"])]
    return [(x - g) ** 2 for x, g in zip(margins(fields), gaps)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "rebel",
        "(Delta - eta (chosenRewards - rejectedRewards))^2, "
        "Delta = (policyChosen - referenceChosen) - (policyRejected - referenceRejected)",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"rebel": rebel.FUNCTION},
    )
    options = [dict(eta=1.0), dict(eta=0.25)]
    return run(golden, Case(with_rewards(pair_inputs()), options, {"rebel": rebel.rebel}, formula, WRT))
