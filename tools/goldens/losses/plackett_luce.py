"""DPO for rankings, by the Plackett-Luce model."""

import mpmath as mp

from lib.exact import log_sum_exp
from lib.golden_file import GoldenFile
from lib.inputs import list_inputs
from lib.lists import rewards_of
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [
        mp.fsum(log_sum_exp(row[k:]) - row[k] for k in range(len(row) - 1))
        for row in rewards_of(fields, options["beta"])
    ]


def build() -> GoldenFile:
    golden = GoldenFile(
        "plackettLuce",
        "-sum over k < K of (r_k - log sum over j >= k of exp(r_j)), r = beta (policy - reference), best first",
        ["grads = d sum(losses) / d policy [B, K]. No implementation was found."],
        {},
    )
    return run(golden, Case(list_inputs(), [dict(beta=0.1), dict(beta=0.5)], {}, formula, ("policy",)))
