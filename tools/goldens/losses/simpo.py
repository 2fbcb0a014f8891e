"""SimPO, with both options for its margin."""

from adapters import halos, liger, trl
from lib.exact import smoothed
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run

ABSOLUTE = {"trl-1.16.0": trl.simpo, "liger-0.8.5": liger.simpo}
FUNCTIONS = {
    "trl-1.16.0": trl.CPO_FUNCTION,
    "liger-0.8.5": liger.SIMPO_FUNCTION,
    "halos": halos.FREE_FUNCTION,
}


def formula(fields, options) -> list:
    b = options["beta"]
    gamma = options["gamma"] if "gamma" in options else b * options["gammaBetaRatio"]
    return [smoothed(b * (w - k) - gamma, options.get("labelSmoothing", 0)) for w, k in sides(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "simpo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta (chosen - rejected) - gamma, e = labelSmoothing; "
        "gamma = beta gammaBetaRatio",
        ["grads = d sum(losses) / d input. chosen and rejected are per-token means. HALOs has no label smoothing."],
        FUNCTIONS,
    )
    inputs = mean_inputs()
    absolute = [dict(beta=2.0, gamma=1.0, labelSmoothing=0.0), dict(beta=2.5, gamma=0.5, labelSmoothing=0.125)]
    ratio = [dict(beta=2.0, gammaBetaRatio=0.5), dict(beta=10.0, gammaBetaRatio=0.25)]
    return run(
        golden,
        Case(inputs, absolute, ABSOLUTE, formula, CHOSEN_REJECTED),
        Case(inputs, ratio, {"halos": halos.simpo}, formula, CHOSEN_REJECTED),
    )
