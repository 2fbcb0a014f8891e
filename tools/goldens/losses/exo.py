"""EXO on K candidates with rewards."""

import mpmath as mp

from adapters import exact_optimization
from lib.exact import log_softmax
from lib.golden_file import GoldenFile
from lib.inputs import list_inputs
from lib.lists import rewards_of
from lib.runner import Case, run


def formula(fields, options) -> list:
    losses = []
    for row, rewards in zip(rewards_of(fields, options["beta"]), fields["rewards"]):
        log_q, log_p = log_softmax(row), log_softmax([x / options["tau"] for x in rewards])
        losses.append(mp.fsum(mp.exp(q) * (q - p) for q, p in zip(log_q, log_p)))
    return losses


def build() -> GoldenFile:
    golden = GoldenFile(
        "exo",
        "sum over k of q_k (log q_k - log p_k), q = softmax(beta (policy - reference)), p = softmax(rewards / tau)",
        ["grads = d sum(losses) / d policy and d rewards [B, K]."],
        {"exo": exact_optimization.FUNCTION},
    )
    options = [dict(beta=0.1, tau=1.0), dict(beta=0.5, tau=0.375)]
    return run(golden, Case(list_inputs(), options, {"exo": exact_optimization.exo}, formula, ("policy", "rewards")))
