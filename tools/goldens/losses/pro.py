"""PRO: preference ranking."""

import mpmath as mp

from lib.exact import log_sum_exp
from lib.golden_file import GoldenFile
from lib.inputs import mean_list_inputs
from lib.runner import Case, run


def formula(fields, _options) -> list:
    return [ranking(*row) for row in zip(fields["policy"], fields["rewards"])]


def ranking(logps, rewards):
    total = mp.mpf(0)
    for k in range(len(logps) - 1):
        gaps = [rewards[k] - x for x in rewards[k + 1 :]]
        own = logps[k] * max(gaps)
        total += log_sum_exp([own, *(a * t for a, t in zip(logps[k + 1 :], gaps))]) - own
    return total


def build() -> GoldenFile:
    golden = GoldenFile(
        "pro",
        "sum over k < K of (log(e^(A_k T_kk) + sum over i > k of e^(A_i T_ki)) - A_k T_kk), A = policy, "
        "T_ki = rewards_k - rewards_i, T_kk = max over i of T_ki, best first",
        [
            "grads = d sum(losses) / d policy [B, K], per-token means.",
            "The authors' code was read, not executed: it adds 1e-10 inside the logarithm.",
        ],
        {},
    )
    return run(golden, Case(mean_list_inputs(), [{}], {}, formula, ("policy",)))
