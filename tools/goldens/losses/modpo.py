"""MODPO, a recipe."""

from adapters import modpo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    weight, beta = options["weight"], options["beta"]
    columns = zip(margins(fields), fields["rewardsChosen"], fields["rewardsRejected"])
    return [-log_sigmoid((beta * x - (1 - weight) * (w - k)) / weight) for x, w, k in columns]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/modpo",
        "-log sigmoid((beta D - (1 - weight) (rewardsChosen - rewardsRejected)) / weight), D = difference of log-ratios",
        ["grads = d sum(losses) / d input."],
        {"modpo": modpo.FUNCTION},
    )
    draw = lambda r, count: r.normal(0, 2, count)  # noqa: E731
    inputs = realistic_pairs(rewardsChosen=draw, rewardsRejected=draw)
    options = [dict(beta=0.1, weight=0.5), dict(beta=0.5, weight=0.875)]
    return run(golden, Case(inputs, options, {"modpo": modpo.modpo}, formula, POLICY))
