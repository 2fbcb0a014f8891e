"""QRPO with a beta per length, a recipe."""

import mpmath as mp

from adapters import posttraining
from lib.golden_file import GoldenFile
from lib.inputs import rng
from lib.runner import Case, run
from losses import qrpo

LARGEST_BETA = mp.mpf(0.1)  # of the double


def formula(fields, options) -> list:
    losses = []
    for policy, reference, length, q in zip(*(fields[k] for k in ("policy", "reference", "lengths", "quantile"))):
        beta = min(options["beta"] / length, LARGEST_BETA)
        losses.append((q - (1 + beta * mp.log(beta)) - beta * (policy - reference)) ** 2)
    return losses


def inputs() -> dict:
    """Completions with quantiles and lengths, the first of which is the shortest."""
    sets = {name: fields for name, fields in qrpo.inputs(0, 1024).items() if "_B" in name}
    for name, fields in sets.items():
        lengths = rng(name[0], f"length{name}").integers(60, 400, len(fields["policy"]))
        lengths[0] = 20
        fields["lengths"] = lengths
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/qrpoByLength",
        "(quantile - (1 + b log b) - b (policy - reference))^2, b = min(beta / length, 0.1)",
        ["grads = d sum(losses) / d input. The term 1 + b log b is b log Z of the simplified Z of qrpo, b e^(1/b)."],
        {"posttraining": posttraining.FUNCTION},
    )
    options = [dict(beta=5.0), dict(beta=1.0)]
    return run(golden, Case(inputs(), options, {"posttraining": posttraining.qrpo_by_length}, formula, ("policy",)))
