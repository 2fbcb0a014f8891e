"""AlphaPO: SimPO on transformed rewards."""

import mpmath as mp

from adapters import trl
from lib.exact import smoothed
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs, sum_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run

MAX_EXPONENT = 80


def reward(logp, alpha):
    return -mp.expm1(min(-alpha * logp, mp.mpf(MAX_EXPONENT))) / alpha


def formula(fields, options) -> list:
    a, b = options["alpha"], options["beta"]
    rows = [(reward(w, a), reward(k, a)) for w, k in sides(fields)]
    return [smoothed(b * (w - k) - options["gamma"], options["labelSmoothing"]) for w, k in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "alphaPo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta (r(chosen) - r(rejected)) - gamma, "
        "r(x) = (1 - exp(-alpha x)) / alpha, e = labelSmoothing; exponents are at most 80",
        ["grads = d sum(losses) / d input. chosen and rejected are per-token means; in Sum inputs, sums."],
        {"trl-1.16.0": trl.CPO_FUNCTION},
    )
    options = [
        dict(alpha=0.25, beta=2.5, gamma=0.125, labelSmoothing=0.0),
        dict(alpha=-0.25, beta=2.5, gamma=0.5, labelSmoothing=0.125),
    ]
    beyond = {f"{name}Sum": fields for name, fields in sum_inputs().items() if "_B" in name or "extreme" in name}
    return run(
        golden,
        Case(mean_inputs(), options, {"trl-1.16.0": trl.simpo}, formula, CHOSEN_REJECTED),
        Case(beyond, options, {}, formula, CHOSEN_REJECTED, digits=200),
    )
