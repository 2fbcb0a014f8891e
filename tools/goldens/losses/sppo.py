"""SPPO, with hard and with soft preferences."""

import mpmath as mp

from adapters import liger, trl, trl_legacy
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.sppo_hard,
    "trl-0.27.2": trl_legacy.sppo_hard,
    "liger-0.8.5": liger.sppo_hard,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}


def formula(fields, options) -> list:
    target = (options["preference"] - mp.mpf(0.5)) / options["beta"]
    return [(w - target) ** 2 + (k + target) ** 2 for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "sppo",
        "(rw - (P - 1/2) / beta)^2 + (rl + (P - 1/2) / beta)^2, P = preference, r = policy - reference, of each side",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "The originals have hard preferences, P = 1, alone.",
        ],
        FUNCTIONS,
    )
    inputs = pair_inputs()
    hard = [dict(beta=0.1, preference=1.0), dict(beta=0.01, preference=1.0)]
    soft = [dict(beta=0.1, preference=0.75), dict(beta=0.05, preference=0.25)]
    return run(
        golden,
        Case(inputs, hard, ORIGINALS, formula, POLICY),
        Case(inputs, soft, {}, formula, POLICY),
    )
