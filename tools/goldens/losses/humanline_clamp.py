"""Humanline clamping of token log-ratios."""

import mpmath as mp

from adapters import halos
from lib.golden_file import GoldenFile
from lib.inputs import completion_inputs
from lib.runner import Case, run


def ratios(fields) -> list:
    return [[p - r for p, r in zip(*row)] for row in zip(fields["policy"], fields["reference"])]


def formula(fields, options) -> list:
    return [mp.fsum(min(max(x, options["low"]), options["high"]) for x in row) for row in ratios(fields)]


def unclamped(fields) -> float:
    """Among tokens whose log-ratio is not 0, the share inside the default interval."""
    tokens = [x for row in ratios(fields) for x in row if x != 0]
    return mp.mpf(sum(-1 < x < mp.mpf(1.5) for x in tokens)) / len(tokens)


def build() -> GoldenFile:
    golden = GoldenFile(
        "humanlineClamp",
        "sum over tokens of clip(policy - reference, low, high)",
        ["grads = d sum(losses) / d policy [N, T]; masked tokens are 0 on both sides. outputs.unclamped: see HALOs."],
        {"halos": halos.HUMANLINE_FUNCTION},
    )
    inputs = {}
    for name, fields in completion_inputs().items():
        inputs[name] = dict(
            policy=fields["logps"] * fields["mask"], reference=fields["reference"] * fields["mask"], mask=fields["mask"]
        )
    extras = dict(unclamped=unclamped)
    options = [dict(low=-1.0, high=1.5)]
    return run(golden, Case(inputs, options, {"halos": halos.humanline}, formula, ("policy",), extras))
