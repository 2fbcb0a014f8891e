"""gamma-PO: target margins by mirror descent."""

import mpmath as mp

from adapters import gamma_po
from lib.exact import sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import SEEDS, binary, rng
from lib.runner import Case, run


def formula(fields, options) -> list:
    gaps, gamma, tau = fields["gaps"], options["gamma"], options["tau"]
    count = len(gaps)
    rate = min(1 / (2 * tau), mp.mpf(1))
    p = [mp.mpf(1) / count] * count
    for _ in range(19):
        grads = [tau * (1 + mp.log(count * x)) + gamma * sigmoid(gamma * count * x - gap) for x, gap in zip(p, gaps)]
        weights = [x * mp.exp(-rate * g) for x, g in zip(p, grads)]
        p = [w / mp.fsum(weights) for w in weights]
    return [gamma * count * x for x in p]


def gap_inputs() -> dict:
    sets = {}
    for seed in SEEDS:
        for count in (1, 5, 12):
            sets[f"{seed}_B{count}"] = dict(gaps=binary(rng(seed, f"gaps{count}").normal(0.5, 3, count), 10))
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "gammaMargins",
        "gamma N p after 19 steps of p <- p exp(-rate (tau (1 + log(N p)) + gamma sigmoid(gamma N p - gap))) / sum, from 1 / N, "
        "rate = min(1 / (2 tau), 1)",
        ["losses: the margins, which have no gradient. The authors' loop has 20 steps, and returns what it had before the last."],
        {"gamma-po": gamma_po.FUNCTION},
    )
    options = [dict(gamma=0.5, tau=20.0), dict(gamma=0.4, tau=3.0), dict(gamma=2.0, tau=0.25)]
    return run(golden, Case(gap_inputs(), options, {"gamma-po": gamma_po.gamma_margins}, formula, ()))
