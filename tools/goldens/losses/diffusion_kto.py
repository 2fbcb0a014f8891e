"""Diffusion-KTO, a recipe."""

import mpmath as mp
import numpy as np

from adapters import diffusion
from lib.exact import sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import prediction_errors
from lib.runner import Case, run


def formula(fields, options) -> list:
    """`frozen` has the values of `policy` and stands in for its detached use."""
    ratios = [r**2 - p**2 for p, r in zip(fields["policy"], fields["reference"])]
    kl = max(mp.fsum(r**2 - p**2 for p, r in zip(fields["frozen"], fields["reference"])) / len(ratios), mp.mpf(0))
    sign, weight = (1, -1), (options["desirableWeight"], options["undesirableWeight"])
    of = lambda x, i: weight[i] * sigmoid(-sign[i] * options["beta"] * (x - kl))  # noqa: E731
    return [of(x, 0 if desirable else 1) for x, desirable in zip(ratios, fields["desirable"])]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/diffusionKto",
        "weight sigmoid(-+ beta (r - kl)), - for desirable images, r = reference^2 - policy^2, kl = max(0, mean of r), detached",
        [
            "The inputs are errors of the predicted noise. grads = d sum(losses) / d input. frozen: policy, as what is detached."
        ],
        {"diffusion-kto": diffusion.KTO_FUNCTION},
    )
    inputs = {}
    for name, fields in prediction_errors().items():
        join = lambda side: np.concatenate([fields[f"{side}Chosen"], fields[f"{side}Rejected"]])  # noqa: E731
        count = len(fields["policyChosen"])
        desirable = np.repeat([1, 0], count)
        inputs[name] = dict(
            policy=join("policy"), frozen=join("policy"), reference=join("reference"), desirable=desirable
        )
    options = [
        dict(beta=250.0, desirableWeight=1.0, undesirableWeight=1.0),
        dict(beta=50.0, desirableWeight=1.25, undesirableWeight=0.75),
    ]
    return run(golden, Case(inputs, options, {"diffusion-kto": diffusion.diffusion_kto}, formula, ("policy",)))
