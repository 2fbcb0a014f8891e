"""CPO without its NLL term."""

from adapters import liger, trl
from lib.exact import smoothed
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs, sum_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run

ORIGINALS = {"trl-1.16.0": trl.cpo, "liger-0.8.5": liger.cpo}


def formula(fields, options) -> list:
    return [smoothed(options["beta"] * (w - k), options["labelSmoothing"]) for w, k in sides(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "cpo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta (chosen - rejected), e = labelSmoothing",
        ["grads = d sum(losses) / d input. Inputs with Mean in their name are per-token means, the others sums."],
        {"trl-1.16.0": trl.CPO_FUNCTION, "liger-0.8.5": liger.CPO_FUNCTION},
    )
    inputs = {**sum_inputs(), **{f"{name}Mean": fields for name, fields in mean_inputs().items()}}
    options = [dict(beta=0.1, labelSmoothing=0.0), dict(beta=0.3, labelSmoothing=0.125)]
    return run(golden, Case(inputs, options, ORIGINALS, formula, CHOSEN_REJECTED))
