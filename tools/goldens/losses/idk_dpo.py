"""IdkDPO, a recipe."""

from adapters import unlearning
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    beta = options["beta"]
    return [-2 / beta * log_sigmoid(beta * margin) for margin in margins(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/idkDpo",
        "-(2 / beta) log sigmoid(beta D)",
        ["grads = d sum(losses) / d input. The chosen side is the refusal, the rejected side the answer to forget."],
        {"open-unlearning": unlearning.IDK_FUNCTION},
    )
    options = [dict(beta=0.1), dict(beta=1.0)]
    return run(golden, Case(realistic_pairs(), options, {"open-unlearning": unlearning.idk_dpo}, formula, POLICY))
