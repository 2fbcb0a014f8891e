"""The weights of WPO."""

import mpmath as mp

from adapters import trl
from lib.golden_file import GoldenFile
from lib.inputs import completion_inputs
from lib.runner import Case, run


def formula(fields, _options) -> list:
    rows = list(zip(fields["logps"], fields["logSumSquares"], fields["mask"]))
    means = [mp.fsum((x - s) * m for x, s, m in zip(*row)) / mp.fsum(row[2]) for row in rows]
    pairs = len(means) // 2
    return [mp.exp(means[i] + means[pairs + i]) for i in range(pairs)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "wpoWeights",
        "exp(mean over counted tokens of (logps - logSumSquares)), of both completions of a pair, multiplied",
        ["Rows are [2B, T], chosen first; one weight per pair. They are not differentiated."],
        {"trl-1.16.0": trl.WPO_FUNCTION},
    )
    names = ("logps", "logSumSquares", "mask")
    inputs = {k: {name: fields[name] for name in names} for k, fields in completion_inputs().items()}
    return run(golden, Case(inputs, [{}], {"trl-1.16.0": trl.wpo_weights}, formula, ()))
