"""RePO: a hinge on the margin of the means."""

from adapters import repo
from lib.exact import relu
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [relu(options["gamma"] - (w - k)) for w, k in sides(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "repo",
        "max(0, gamma - (chosen - rejected))",
        ["grads = d sum(losses) / d input. chosen and rejected are per-token means."],
        {"repo": repo.FUNCTION},
    )
    return run(golden, Case(mean_inputs(), [dict(gamma=0.5), dict(gamma=0.4)], {"repo": repo.repo}, formula, CHOSEN_REJECTED))
