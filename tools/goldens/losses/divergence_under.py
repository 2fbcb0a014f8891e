"""The f-divergences of fDpo under other losses of pairs, a recipe."""

import mpmath as mp

from adapters import trl
from lib.exact import log_sigmoid, relu, sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import rng, small_ratio_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run
from losses.f_dpo import score


def loss_of(margin, options):
    beta, e, kind = options["beta"], options.get("labelSmoothing"), options["loss"]
    h = beta * margin
    if kind == "dpo":
        return -log_sigmoid(h)
    if kind == "hinge":
        return relu(1 - h)
    if kind == "ipo":
        return (margin - 1 / (2 * beta)) ** 2
    if kind == "robustDpo":
        return (-(1 - e) * log_sigmoid(h) + e * log_sigmoid(-h)) / (1 - 2 * e)
    if kind == "discopop":
        m = sigmoid(h / options["tau"])
        return -(1 - m) * log_sigmoid(h) + m * mp.exp(-h)
    return sigmoid(h) * (log_sigmoid(h) - mp.log1p(-e)) + sigmoid(-h) * (log_sigmoid(-h) - mp.log(e))


def formula(fields, options) -> list:
    return [loss_of(score(w, options) - score(k, options), options) for w, k in ratios(fields)]


def formula_by_length(fields, options) -> list:
    constant = mp.log(2) if options["divergence"] == "jensenShannon" else 0
    rows = zip(ratios(fields), fields["chosenLengths"], fields["rejectedLengths"])
    scores = [((score(w, options) + constant) / m, (score(k, options) + constant) / n) for (w, k), m, n in rows]
    return [loss_of(w - k, options) for w, k in scores]


def with_lengths(sets: dict) -> dict:
    longer = {}
    for name, fields in sets.items():
        draw = lambda side: rng(name[0], f"{side}Lengths{name}").integers(1, 12, len(fields["policyChosen"]))  # noqa: B023, E731
        longer[f"{name}lengths"] = dict(fields, chosenLengths=draw("chosen"), rejectedLengths=draw("rejected"))
    return longer


def options_of(*losses) -> list:
    divergences = (dict(divergence="forwardKl"), dict(divergence="jensenShannon"), dict(divergence="alpha", alpha=0.5))
    return [dict(loss=loss, **divergence, beta=0.1, **more) for loss, more in losses for divergence in divergences]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/divergenceUnder",
        "hinge, ipo, robustDpo, exoPair or discopop of g(rw) - g(rl), with g as in fDpo; with lengths, dpo or ipo of f'(rw) / "
        "chosenLengths - f'(rl) / rejectedLengths, where f' is g, plus log 2 for jensenShannon",
        [
            "grads = d sum(losses) / d input.",
            "With lengths, the loss dpo is TRL's sigmoid_norm; each completion has its log-prob on its first token and 0 on the "
            "others.",
        ],
        {
            "trl-1.16.0": f"{trl.DPO_FUNCTION}; alpha: float64 added to its table of dtypes, .float() replaced by .double()"
        },
    )
    inputs = {name: fields for name, fields in small_ratio_inputs().items() if "_B" in name}
    smoothing = dict(labelSmoothing=0.125)
    of_sums = (
        ("hinge", {}),
        ("ipo", {}),
        ("robustDpo", smoothing),
        ("exoPair", smoothing),
        ("discopop", dict(tau=0.5)),
    )
    originals = {"trl-1.16.0": trl.divergence_under}
    return run(
        golden,
        Case(inputs, options_of(*of_sums), originals, formula, POLICY),
        Case(with_lengths(inputs), options_of(("dpo", {}), ("ipo", {})), originals, formula_by_length, POLICY),
    )
