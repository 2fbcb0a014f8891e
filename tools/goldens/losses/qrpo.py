"""QRPO, with its transforms of the quantile, and the exact or simplified partition function of the identity."""

import mpmath as mp
import numpy as np

from adapters import qrpo
from lib.golden_file import GoldenFile
from lib.inputs import rng, single_inputs
from lib.runner import Case, run


def reward_and_partition(q, options):
    """The reward of a quantile, and log Z."""
    b = options["beta"]
    transform = options.get("transform", "identity")
    if transform == "log":
        return mp.log(q), mp.log(b / (1 + b))
    if transform == "normal":
        return mp.sqrt(2) * mp.erfinv(2 * q - 1), 1 / (2 * b**2)
    if options["partition"] == "simplified":
        return q, mp.log(b) + 1 / b
    return q, mp.log(b * (mp.exp(1 / b) - 1))


def formula(fields, options) -> list:
    losses = []
    for policy, reference, q in zip(fields["policy"], fields["reference"], fields["quantile"]):
        reward, log_z = reward_and_partition(q, options)
        difference = reward - options["beta"] * log_z - options["beta"] * (policy - reference)
        losses.append(abs(difference) if options["error"] == "absolute" else difference**2)
    return losses


def inputs(lowest: int, highest: int) -> dict:
    """Completions with quantiles that are shares of 1024 samples, the first two of them the lowest and the highest."""
    sets = single_inputs()
    for name, fields in sets.items():
        count = len(fields["policy"])
        shares = rng(name[0], f"quantile{name}").integers(1, 1024, count)
        shares[:2] = (lowest, highest)[:count]
        fields["quantile"] = np.asarray(shares) / 1024
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "qrpo",
        "(R - beta log Z - beta (policy - reference))^2, or its absolute value. identity: R = quantile, Z = beta (e^(1/beta) "
        "- 1), simplified beta e^(1/beta); log: R = log quantile, Z = beta / (1 + beta); normal: R = normal quantile function "
        "of quantile, Z = e^(1 / (2 beta^2))",
        [
            "grads = d sum(losses) / d input; by reference it is minus the one by policy.",
            "The authors' code has the simplified Z only.",
        ],
        {"qrpo": qrpo.FUNCTION},
    )
    original = {"qrpo": qrpo.qrpo}
    exact = [dict(beta=b, error="squared", partition="exact") for b in (0.1, 1.0, 0.001)]
    simplified = [
        dict(beta=0.1, error="squared", partition="simplified"),
        dict(beta=0.5, error="absolute", partition="simplified"),
    ]
    log, normal = (
        [dict(beta=0.1, error="squared", transform=t), dict(beta=0.5, error="absolute", transform=t)]
        for t in ("log", "normal")
    )
    renamed = lambda sets, suffix: {name + suffix: fields for name, fields in sets.items()}  # noqa: E731
    wrt = ("policy",)
    return run(
        golden,
        Case(inputs(0, 1024), exact, {}, formula, wrt, digits=500),
        Case(inputs(0, 1024), simplified, original, formula, wrt),
        Case(renamed(inputs(1, 1024), "positive"), log, original, formula, wrt),
        Case(renamed(inputs(1, 1023), "inner"), normal, original, formula, wrt),
    )
