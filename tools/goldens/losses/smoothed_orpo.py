"""ORPO with label smoothing, a recipe."""

from adapters import tunix
from lib.exact import log1mexp, smoothed
from lib.golden_file import GoldenFile
from lib.pairs import CHOSEN_REJECTED
from lib.runner import Case, run
from losses.orpo import inputs_with_nll


def formula(fields, options) -> list:
    rows = zip(*(fields[k] for k in (*CHOSEN_REJECTED, "nll")))
    log_odds = lambda w, k: (w - k) - (log1mexp(w) - log1mexp(k))  # noqa: E731
    return [nll + options["lambda"] * smoothed(log_odds(w, k), options["labelSmoothing"]) for w, k, nll in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/smoothedOrpo",
        "lambda (-(1 - e) log sigmoid(lo) - e log sigmoid(-lo)) + nll, e = labelSmoothing, lo as in orpo",
        ["grads = d sum(losses) / d input. chosen and rejected are per-token mean log-probs."],
        {"tunix": tunix.ORPO_FUNCTION},
    )
    options = [{"lambda": 0.1, "labelSmoothing": 0.125}, {"lambda": 1.0, "labelSmoothing": 0.25}]
    originals = {"tunix": tunix.orpo_with_nll}
    return run(golden, Case(inputs_with_nll(), options, originals, formula, (*CHOSEN_REJECTED, "nll")))
