"""TRL's former loss_type="kto_pair", a recipe."""

import mpmath as mp

from adapters import sampo
from lib.exact import sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    pairs = ratios(fields)
    kl = [max(mp.fsum(side) / len(pairs), mp.mpf(0)) for side in zip(*pairs)]
    beta = options["beta"]
    return [sigmoid(-beta * (w - kl[1])) for w, _ in pairs] + [sigmoid(-beta * (kl[0] - k)) for _, k in pairs]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/ktoPair",
        "1 - sigmoid(beta (rw - max(0, mean of rl))) of each pair, then 1 - sigmoid(beta (max(0, mean of rw) - rl)), "
        "r = policy - reference; the means are differentiated",
        ["grads = d sum(losses) / d input."],
        {"sampo": sampo.FUNCTION},
    )
    options = [dict(beta=0.1), dict(beta=0.5)]
    return run(golden, Case(realistic_pairs(), options, {"sampo": sampo.kto_pair}, formula, POLICY))
