"""SLiC-HF."""

from adapters import halos
from lib.exact import relu
from lib.golden_file import GoldenFile
from lib.inputs import sum_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [relu(options["delta"] - w + k) - options["lambda"] * w for w, k in sides(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "slic",
        "max(0, delta - chosen + rejected) - lambda chosen",
        [
            "grads = d sum(losses) / d input. chosen and rejected are sums.",
            "HALOs adds [B] to [B, T], which agrees only for one pair of one-token completions: here each call has one.",
        ],
        {"halos": halos.FREE_FUNCTION},
    )
    options = [{"delta": 1.0, "lambda": 0.1}, {"delta": 5.0, "lambda": 0.5}]
    return run(golden, Case(sum_inputs(), options, {"halos": halos.slic}, formula, CHOSEN_REJECTED))
