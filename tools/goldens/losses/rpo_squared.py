"""Reward-aware preference optimization, squared distance."""

from adapters import nemo_aligner
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_rewards
from lib.pairs import POLICY, margins
from lib.runner import Case, run

WRT = (*POLICY, "chosenRewards", "rejectedRewards")


def formula(fields, options) -> list:
    gaps = [options["eta"] * (w - k) for w, k in zip(fields["chosenRewards"], fields["rejectedRewards"])]
    return [(options["beta"] * x - g) ** 2 for x, g in zip(margins(fields), gaps)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "rpoSquared",
        "(h - eta (chosenRewards - rejectedRewards))^2, "
        "h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected))",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"nemo-aligner": nemo_aligner.PAIR_FUNCTION},
    )
    options = [dict(beta=0.1, eta=1.0), dict(beta=0.3, eta=0.5)]
    originals = {"nemo-aligner": nemo_aligner.rpo_squared}
    return run(golden, Case(with_rewards(pair_inputs()), options, originals, formula, WRT))
