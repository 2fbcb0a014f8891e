"""EXO on pairs."""

import mpmath as mp

from adapters import liger, trl, trl_legacy
from lib.exact import log_sigmoid, sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, margins
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.exo_pair,
    "trl-0.27.2": trl_legacy.exo_pair,
    "liger-0.8.5": liger.exo_pair,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}


def formula(fields, options) -> list:
    e = options["labelSmoothing"]
    h = [options["beta"] * x for x in margins(fields)]
    return [
        sigmoid(x) * (log_sigmoid(x) - mp.log1p(-e)) + sigmoid(-x) * (log_sigmoid(-x) - mp.log(e)) for x in h
    ]


def build() -> GoldenFile:
    golden = GoldenFile(
        "exoPair",
        "sigmoid(h) (log sigmoid(h) - log(1 - e)) + sigmoid(-h) (log sigmoid(-h) - log e), h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected)), e = labelSmoothing",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
        ],
        FUNCTIONS,
    )
    return run(golden, Case(pair_inputs(), [dict(beta=0.1, labelSmoothing=1e-3), dict(beta=0.3, labelSmoothing=0.1)], ORIGINALS, formula, POLICY))
