"""DiscoPOP."""

import mpmath as mp

from adapters import liger, trl, trl_legacy
from lib.exact import log_sigmoid, sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, margins
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.discopop,
    "trl-0.27.2": trl_legacy.discopop,
    "liger-0.8.5": liger.discopop,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}
OVERFLOWS = "m * exp(-h) is 0 * inf where h is large and negative"


def formula(fields, options) -> list:
    losses = []
    for margin in margins(fields):
        h = options["beta"] * margin
        mix = h / options["tau"]
        losses.append(-sigmoid(-mix) * log_sigmoid(h) + sigmoid(mix) * mp.exp(-h))
    return losses


def build() -> GoldenFile:
    golden = GoldenFile(
        "discopop",
        "(1 - m) (-log sigmoid(h)) + m exp(-h), m = sigmoid(h / tau), h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected))",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
        ],
        FUNCTIONS,
        known={(source, "extreme"): OVERFLOWS for source in ORIGINALS},
    )
    return run(golden, Case(pair_inputs(), [dict(beta=0.05, tau=0.05), dict(beta=0.1, tau=0.2)], ORIGINALS, formula, POLICY))
