"""CHiP, a recipe."""

from adapters import image_models
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs, with_divergences, with_imageless
from lib.pairs import ratios
from lib.runner import Case, run

WRT = (*image_models.WRT, "rejectedKl")


def formula(fields, options) -> list:
    imageless = [p - r for p, r in zip(fields["policyImageless"], fields["referenceImageless"])]
    rows = zip(ratios(fields), imageless, fields["chosenKl"], fields["rejectedKl"])
    beta, alpha = options["beta"], options["alpha"]
    return [-log_sigmoid(beta * (w - k + w - i - alpha * (kl - kw))) for (w, k), i, kw, kl in rows]


def without_chosen(options, fields) -> dict:
    """Return the authors' result after checking that its gradient with respect to chosenKl is 0."""
    values = image_models.chip(options, fields)
    if values["grads"].pop("chosenKl").any():
        raise ValueError("the chosen divergence was differentiated")
    return values


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/chip",
        "-log sigmoid(beta (rw - rl + rw - ri - alpha (rejectedKl - sg(chosenKl)))), r = policy - reference of the chosen "
        "side, the rejected side, and the chosen side with a spoiled image",
        ["grads = d sum(losses) / d input. chosenKl is not differentiated."],
        {"chip": image_models.CHIP_FUNCTION},
    )
    options = [dict(beta=0.1, alpha=0.1), dict(beta=0.5, alpha=0.5)]
    inputs = with_imageless(with_divergences(realistic_pairs()))
    return run(golden, Case(inputs, options, {"chip": without_chosen}, formula, WRT))
