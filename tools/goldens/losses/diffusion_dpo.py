"""Diffusion-DPO, a recipe."""

from adapters import diffusion
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import prediction_errors
from lib.pairs import POLICY
from lib.runner import Case, run


def formula(fields, options) -> list:
    columns = zip(*(fields[k] for k in ("policyChosen", "referenceChosen", "policyRejected", "referenceRejected")))
    return [-log_sigmoid(-options["beta"] / 2 * ((w**2 - v**2) - (k**2 - r**2))) for w, v, k, r in columns]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/diffusionDpo",
        "-log sigmoid(-beta/2 ((policyChosen^2 - referenceChosen^2) - (policyRejected^2 - referenceRejected^2)))",
        ["The inputs are errors of the predicted noise. grads = d sum(losses) / d input."],
        {"diffusion-dpo": diffusion.DPO_FUNCTION},
    )
    options = [dict(beta=5000.0), dict(beta=500.0)]
    return run(golden, Case(prediction_errors(), options, {"diffusion-dpo": diffusion.diffusion_dpo}, formula, POLICY))
