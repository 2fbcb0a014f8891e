"""NCA on K candidates with rewards."""

import mpmath as mp

from adapters import nca
from lib.exact import log_sigmoid, log_softmax
from lib.golden_file import GoldenFile
from lib.inputs import list_inputs
from lib.lists import of_size, rewards_of
from lib.runner import Case, run


def formula(fields, options) -> list:
    losses = []
    for row, rewards in zip(rewards_of(fields, options["beta"]), fields["rewards"]):
        log_p = log_softmax([x / options["tau"] for x in rewards])
        terms = (mp.exp(p) * log_sigmoid(r) + log_sigmoid(-r) / len(row) for p, r in zip(log_p, row))
        losses.append(-mp.fsum(terms))
    return losses


def build() -> GoldenFile:
    golden = GoldenFile(
        "nca",
        "-sum over k of (p_k log sigmoid(r_k) + log sigmoid(-r_k) / K), r = beta (policy - reference), "
        "p = softmax(rewards / tau)",
        ["grads = d sum(losses) / d policy and d rewards [B, K]. The authors' code has four candidates."],
        {"nca": nca.FUNCTION},
    )
    options = [dict(beta=0.1, tau=1.0), dict(beta=0.01, tau=0.375)]
    four, others = of_size(nca.CANDIDATES, list_inputs())
    return run(
        golden,
        Case(four, options, {"nca": nca.nca}, formula, ("policy", "rewards")),
        Case(others, options, {}, formula, ("policy", "rewards")),
    )
