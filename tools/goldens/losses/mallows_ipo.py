"""MallowsPO-IPO, a recipe."""

import mpmath as mp

from adapters import mallows_po
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    rows = [(x, -options["phi"] * mp.log(e)) for x, e in zip(margins(fields), fields["entropy"])]
    return [(d * x - 1 / (2 * options["beta"])) ** 2 for x, d in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/mallowsIpo",
        "(d D - 1 / (2 beta))^2, d = -phi log entropy, D = difference of log-ratios",
        [
            "grads = d sum(losses) / d input. entropy: mean entropy of the reference's tokens, divided by the log of the vocabulary size."
        ],
        {"mallows-po": mallows_po.FUNCTION},
    )
    inputs = realistic_pairs(entropy=lambda r, count: r.uniform(0.02, 0.6, count))
    options = [dict(beta=0.1, phi=1.0), dict(beta=0.5, phi=0.25)]
    return run(golden, Case(inputs, options, {"mallows-po": mallows_po.mallows_ipo}, formula, POLICY))
