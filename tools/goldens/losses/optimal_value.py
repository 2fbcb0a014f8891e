"""The optimal value of a prompt: A*-PO."""

import mpmath as mp

from adapters import a2po
from lib.exact import log_sum_exp
from lib.golden_file import GoldenFile
from lib.inputs import sampled_reward_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    b = options["beta"]
    return [b * (log_sum_exp([r / b for r in row]) - mp.log(len(row))) for row in fields["rewards"]]


def build() -> GoldenFile:
    golden = GoldenFile(
        "optimalValue",
        "beta log mean over k of exp(rewards_k / beta)",
        ["grads = d sum(losses) / d rewards."],
        {"trl-1.16.0": a2po.VALUE_FUNCTION},
        known={
            ("trl-1.16.0", "extreme"): "it divides the rewards by beta before it subtracts the largest, which rounds differences"
        },
    )
    options = [dict(beta=0.5), dict(beta=0.05), dict(beta=20.0)]
    return run(golden, Case(sampled_reward_inputs(), options, {"trl-1.16.0": a2po.optimal_value}, formula, ("rewards",)))
