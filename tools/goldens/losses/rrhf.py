"""The ranking term of RRHF."""

import mpmath as mp

from adapters import rrhf
from lib.exact import relu
from lib.golden_file import GoldenFile
from lib.inputs import mean_list_inputs
from lib.runner import Case, run


def formula(fields, _options) -> list:
    losses = []
    for logps, rewards in zip(fields["policy"], fields["rewards"]):
        pairs = [(a, b) for a, x in zip(logps, rewards) for b, y in zip(logps, rewards) if x < y]
        losses.append(mp.fsum(relu(a - b) for a, b in pairs))
    return losses


def build() -> GoldenFile:
    golden = GoldenFile(
        "rrhf",
        "sum over rewards_i < rewards_j of max(0, A_i - A_j), A = policy",
        ["grads = d sum(losses) / d policy [B, K], per-token means."],
        {"rrhf": rrhf.FUNCTION},
    )
    return run(golden, Case(mean_list_inputs(), [{}], {"rrhf": rrhf.rrhf}, formula, ("policy",)))
