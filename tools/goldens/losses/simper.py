"""SimPER."""

import mpmath as mp

from adapters import simper
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run


def formula(fields, _options) -> list:
    return [mp.exp(k) - mp.exp(w) for w, k in sides(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "simper",
        "-exp(chosen) + exp(rejected)",
        ["grads = d sum(losses) / d input. chosen and rejected are per-token means."],
        {"simper": simper.FUNCTION},
    )
    inputs = mean_inputs(near_zero=True)
    return run(golden, Case(inputs, [{}], {"simper": simper.simper}, formula, CHOSEN_REJECTED))
