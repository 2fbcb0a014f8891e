"""DPO mixed with BCO, a recipe."""

from adapters import llama_factory
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    beta, delta, weight = (options[name] for name in ("beta", "delta", "weight"))
    bco = lambda w, k: -log_sigmoid(beta * w - delta) - log_sigmoid(-(beta * k - delta))  # noqa: E731
    return [(-log_sigmoid(beta * (w - k)) + weight * bco(w, k)) / (1 + weight) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/dpoWithBco",
        "(dpo + weight bcoPair) / (1 + weight)",
        ["grads = d sum(losses) / d input."],
        {"llama-factory": llama_factory.FUNCTION},
    )
    options = [dict(beta=0.1, delta=0.25, weight=0.5), dict(beta=0.5, delta=-0.5, weight=2.0)]
    return run(golden, Case(realistic_pairs(), options, {"llama-factory": llama_factory.dpo_with_bco}, formula, POLICY))
