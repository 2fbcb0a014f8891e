"""The f-divergences of fDpo under other losses of pairs, a recipe."""

import mpmath as mp

from adapters import trl
from lib.exact import log_sigmoid, relu, sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import small_ratio_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run
from losses.f_dpo import score


def loss_of(margin, options):
    beta, e, kind = options["beta"], options.get("labelSmoothing"), options["loss"]
    h = beta * margin
    if kind == "hinge":
        return relu(1 - h)
    if kind == "ipo":
        return (margin - 1 / (2 * beta)) ** 2
    if kind == "robustDpo":
        return (-(1 - e) * log_sigmoid(h) + e * log_sigmoid(-h)) / (1 - 2 * e)
    return sigmoid(h) * (log_sigmoid(h) - mp.log1p(-e)) + sigmoid(-h) * (log_sigmoid(-h) - mp.log(e))


def formula(fields, options) -> list:
    return [loss_of(score(w, options) - score(k, options), options) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/divergenceUnder",
        "hinge, ipo, robustDpo or exoPair of g(rw) - g(rl), with g as in fDpo",
        ["grads = d sum(losses) / d input."],
        {"trl-1.16.0": trl.DPO_FUNCTION},
    )
    inputs = {name: fields for name, fields in small_ratio_inputs().items() if "_B" in name}
    options = [
        dict(loss=loss, divergence=divergence, beta=0.1, **more)
        for loss, more in (
            ("hinge", {}),
            ("ipo", {}),
            ("robustDpo", dict(labelSmoothing=0.125)),
            ("exoPair", dict(labelSmoothing=0.125)),
        )
        for divergence in ("forwardKl", "jensenShannon")
    ]
    return run(golden, Case(inputs, options, {"trl-1.16.0": trl.divergence_under}, formula, POLICY))
