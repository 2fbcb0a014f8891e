"""Robust DPO: the unbiased loss under flipped preferences."""

from adapters import liger, trl, trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, margins
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.robust,
    "trl-0.27.2": trl_legacy.robust,
    "liger-0.8.5": liger.robust,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}


def formula(fields, options) -> list:
    e = options["labelSmoothing"]
    h = [options["beta"] * x for x in margins(fields)]
    return [(-(1 - e) * log_sigmoid(x) + e * log_sigmoid(-x)) / (1 - 2 * e) for x in h]


def build() -> GoldenFile:
    golden = GoldenFile(
        "robustDpo",
        "(-(1 - e) log sigmoid(h) + e log sigmoid(-h)) / (1 - 2 e), h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected)), e = labelSmoothing",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
        ],
        FUNCTIONS,
    )
    return run(golden, Case(pair_inputs(), [dict(beta=0.1, labelSmoothing=0.1), dict(beta=0.3, labelSmoothing=0.25), dict(beta=0.1, labelSmoothing=0.0)], ORIGINALS, formula, POLICY))
