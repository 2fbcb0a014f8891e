"""LD-DPO's log-probs: tokens beyond the length of the pair's shorter completion have less weight."""

import mpmath as mp

from adapters import trl
from lib.golden_file import GoldenFile
from lib.inputs import completion_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    counted = [[x for x, m in zip(*row) if m] for row in zip(fields["logps"], fields["mask"])]
    pairs = len(counted) // 2
    shared = [min(len(counted[i]), len(counted[pairs + i])) for i in range(pairs)] * 2
    return [mp.fsum(row[:n]) + options["alpha"] * mp.fsum(row[n:]) for row, n in zip(counted, shared)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "ldLogProbs",
        "sum of the first n counted logps + alpha (sum of the others), n = tokens of the shorter completion of the pair",
        ["Rows are [2B, T], chosen first. grads = d sum(losses) / d logps."],
        {"trl-1.16.0": trl.LD_FUNCTION},
    )
    inputs = {k: {name: fields[name] for name in ("logps", "mask")} for k, fields in completion_inputs().items()}
    options = [dict(alpha=0.5), dict(alpha=0.0)]
    return run(golden, Case(inputs, options, {"trl-1.16.0": trl.ld_logps}, formula, ("logps",)))
