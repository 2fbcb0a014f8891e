"""Reward-aware preference optimization, backward KL."""

from adapters import nemo_aligner
from lib.exact import log_sigmoid, sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_rewards
from lib.pairs import POLICY, margins
from lib.runner import Case, run

WRT = (*POLICY, "chosenRewards", "rejectedRewards")


def formula(fields, options) -> list:
    gaps = [options["eta"] * (w - k) for w, k in zip(fields["chosenRewards"], fields["rejectedRewards"])]
    scaled = [options["beta"] * x for x in margins(fields)]
    return [
        sigmoid(g) * (log_sigmoid(g) - log_sigmoid(h)) + sigmoid(-g) * (log_sigmoid(-g) - log_sigmoid(-h))
        for h, g in zip(scaled, gaps)
    ]


def build() -> GoldenFile:
    golden = GoldenFile(
        "rpoBackwardKl",
        "sigmoid(g) (log sigmoid(g) - log sigmoid(h)) + sigmoid(-g) (log sigmoid(-g) - log sigmoid(-h)), "
        "h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected)), "
        "g = eta (chosenRewards - rejectedRewards)",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"nemo-aligner": nemo_aligner.PAIR_FUNCTION},
    )
    options = [dict(beta=0.1, eta=1.0), dict(beta=0.3, eta=0.5)]
    originals = {"nemo-aligner": nemo_aligner.rpo_backward_kl}
    return run(golden, Case(with_rewards(pair_inputs()), options, originals, formula, WRT))
