"""Softmax-DPO: one chosen candidate against many."""

from adapters import softmax_dpo
from lib.exact import log_sum_exp, softplus
from lib.golden_file import GoldenFile
from lib.inputs import list_inputs
from lib.lists import rewards_of
from lib.runner import Case, run

OVERFLOWS = "sum(exp(x)) overflows, and its gradient is NaN"


def formula(fields, options) -> list:
    return [softplus(log_sum_exp([r - row[0] for r in row[1:]])) for row in rewards_of(fields, options["beta"])]


def build() -> GoldenFile:
    golden = GoldenFile(
        "softmaxDpo",
        "softplus(log sum over j > 1 of exp(r_j - r_1)), r = beta (policy - reference), the chosen candidate first",
        ["grads = d sum(losses) / d policy [B, K]."],
        {"softmax-dpo": softmax_dpo.FUNCTION},
        known={("softmax-dpo", "extreme"): OVERFLOWS},
    )
    options = [dict(beta=0.1), dict(beta=1.0)]
    return run(golden, Case(list_inputs(), options, {"softmax-dpo": softmax_dpo.softmax_dpo}, formula, ("policy",)))
