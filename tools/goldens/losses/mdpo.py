"""mDPO, a recipe."""

from adapters import image_models
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs, with_imageless
from lib.pairs import ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    imageless = [p - r for p, r in zip(fields["policyImageless"], fields["referenceImageless"])]
    rows = zip(ratios(fields), imageless)
    return [-sum(log_sigmoid(options["beta"] * x) for x in (w - k, w - i, w)) for (w, k), i in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/mdpo",
        "-log sigmoid(beta (rw - rl)) - log sigmoid(beta (rw - ri)) - log sigmoid(beta rw), r = policy - reference of the "
        "chosen side, the rejected side, and the chosen side with a spoiled image",
        ["grads = d sum(losses) / d input."],
        {"mdpo": image_models.MDPO_FUNCTION},
    )
    options = [dict(beta=0.1), dict(beta=0.5)]
    inputs = with_imageless(realistic_pairs())
    return run(golden, Case(inputs, options, {"mdpo": image_models.mdpo}, formula, image_models.WRT))
