"""beta-DPO: a beta for each batch."""

import mpmath as mp
import numpy as np

from adapters import beta_dpo
from lib.golden_file import GoldenFile
from lib.inputs import BATCHES, SEEDS, binary, rng
from lib.runner import Case, run

MOMENTUM = mp.mpf(0.9)


def running_mean(fields):
    margins = fields["margins"]
    return MOMENTUM * fields["mean"] + (1 - MOMENTUM) * mp.fsum(margins) / len(margins)


def running_std(fields):
    margins = fields["margins"]
    mean = mp.fsum(margins) / len(margins)
    std = mp.sqrt(mp.fsum((x - mean) ** 2 for x in margins) / (len(margins) - 1))
    return MOMENTUM * fields["std"] + (1 - MOMENTUM) * std


def weights(fields) -> list:
    mean, std = running_mean(fields), running_std(fields)
    return [mp.exp(-(((x - mean) / std) ** 2) / 2) for x in fields["margins"]]


def formula(fields, options) -> list:
    selected = [x for x, s in zip(fields["margins"], fields["selected"]) if s]
    gap = mp.fsum(selected) / len(selected) - running_mean(fields)
    return [max(options["beta"] * (1 + options["alpha"] * gap), mp.mpf(1e-3))]


def margin_inputs() -> dict:
    """Margins, the previous running mean and standard deviation, and which pairs are selected."""
    sets = {}
    for seed in SEEDS:
        for count in BATCHES[1:]:
            r = rng(seed, f"margins{count}")
            sets[f"{seed}_B{count}"] = dict(
                margins=binary(r.normal(1, 3, count), 10),
                mean=float(binary(r.normal(0.5, 1), 10)),
                std=float(binary(r.uniform(0.5, 3), 10)),
                selected=r.permutation(np.arange(count) % 4 != 0).astype(int),
            )
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "adaptiveBeta",
        "max(1e-3, beta (1 + alpha (mean of the selected margins - M))), M = 0.9 mean + 0.1 (mean of all margins)",
        [
            "losses: the one beta. outputs.mean, outputs.std: the running values after the batch. outputs.weights: "
            "exp(-((margin - M) / S)^2 / 2), what the authors select by.",
        ],
        {"beta-dpo": beta_dpo.FUNCTION},
    )
    extras = dict(mean=running_mean, std=running_std, weights=weights)
    options = [dict(beta=0.1, alpha=0.6), dict(beta=0.1, alpha=2.0)]
    return run(golden, Case(margin_inputs(), options, {"beta-dpo": beta_dpo.adaptive_beta}, formula, (), extras))
