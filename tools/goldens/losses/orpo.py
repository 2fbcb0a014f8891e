"""ORPO: the odds-ratio term, and the whole loss with a given negative log-likelihood."""

from adapters import liger, trl, tunix
from lib.exact import log1mexp, log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import binary, mean_inputs, rng
from lib.pairs import CHOSEN_REJECTED
from lib.runner import Case, run

FUNCTIONS = {
    "trl-1.16.0": trl.ORPO_FUNCTION,
    "liger-0.8.5": liger.ORPO_FUNCTION,
    "tunix": tunix.ORPO_FUNCTION,
}
CANCELS = "log1p(-exp(x)) cancels near 0 (no log1mexp)"
OPTIONS = [{"lambda": 0.1}, {"lambda": 1.0}]


def formula(fields, options) -> list:
    losses = []
    nll = fields.get("nll", [0] * len(fields["chosen"]))
    for w, k, extra in zip(fields["chosen"], fields["rejected"], nll):
        log_odds = (w - k) - (log1mexp(w) - log1mexp(k))
        losses.append(extra - options["lambda"] * log_sigmoid(log_odds))
    return losses


def inputs_with_nll() -> dict:
    """Realistic means, each pair with a negative log-likelihood that does not depend on them."""
    sets = {}
    for name, fields in mean_inputs().items():
        if "_B" in name:
            nll = binary(rng(name[0], f"nll{name}").uniform(0.1, 4, len(fields["chosen"])), 14)
            sets[f"{name}Nll"] = dict(fields, nll=nll)
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "orpo",
        "-lambda log sigmoid(lo) + nll, lo = (chosen - rejected) - (log1mexp(chosen) - log1mexp(rejected)), "
        "log1mexp(x) = log(1 - exp(x))",
        [
            "grads = d sum(losses) / d input. chosen and rejected are per-token mean log-probs.",
            "Inputs with a field nll: the whole loss, nll being a separate argument (its scope is the caller's); "
            "others: the odds-ratio term alone. Liger computes its NLL from logits only: it has the odds-ratio term.",
        ],
        FUNCTIONS,
        known={("liger-0.8.5", "nearZero"): CANCELS},
    )
    odds = {"trl-1.16.0": trl.orpo_odds, "liger-0.8.5": liger.orpo_odds}
    whole = {"trl-1.16.0": trl.orpo_with_nll, "tunix": tunix.orpo_with_nll}
    return run(
        golden,
        Case(mean_inputs(near_zero=True), OPTIONS, odds, formula, CHOSEN_REJECTED),
        Case(inputs_with_nll(), OPTIONS, whole, formula, (*CHOSEN_REJECTED, "nll")),
    )
