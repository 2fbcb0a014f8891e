"""Reward-aware preference optimization, forward KL."""

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
        sigmoid(h) * (log_sigmoid(h) - log_sigmoid(g)) + sigmoid(-h) * (log_sigmoid(-h) - log_sigmoid(-g))
        for h, g in zip(scaled, gaps)
    ]


def build() -> GoldenFile:
    golden = GoldenFile(
        "rpoForwardKl",
        "sigmoid(h) (log sigmoid(h) - log sigmoid(g)) + sigmoid(-h) (log sigmoid(-h) - log sigmoid(-g)), "
        "h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected)), "
        "g = eta (chosenRewards - rejectedRewards)",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"nemo-aligner": nemo_aligner.PAIR_FUNCTION},
    )
    options = [dict(beta=0.1, eta=1.0), dict(beta=0.3, eta=0.5)]
    originals = {"nemo-aligner": nemo_aligner.rpo_forward_kl}
    return run(golden, Case(with_rewards(pair_inputs()), options, originals, formula, WRT))
