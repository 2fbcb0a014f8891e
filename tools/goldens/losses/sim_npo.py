"""SimNPO, with both options for its margin."""

from adapters import unlearning
from lib.exact import softplus
from lib.golden_file import GoldenFile
from lib.inputs import single_mean_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    b = options["beta"]
    gamma = options["gamma"] if "gamma" in options else b * options["gammaBetaRatio"]
    return [2 / b * softplus(b * p + gamma) for p in fields["policy"]]


def build() -> GoldenFile:
    functions = {"open-unlearning": unlearning.SIMNPO_FUNCTION, "unlearn-simple": unlearning.SIMPLE_FUNCTION}
    golden = GoldenFile(
        "simNpo",
        "-(2 / beta) log sigmoid(-beta policy - gamma); gamma = beta gammaBetaRatio",
        ["grads = d sum(losses) / d input. policy is a per-token mean. Both originals name gammaBetaRatio, not gamma."],
        functions,
    )
    inputs = single_mean_inputs()
    originals = {"open-unlearning": unlearning.sim_npo, "unlearn-simple": unlearning.simple_sim_npo}
    ratio = [dict(beta=2.5, gammaBetaRatio=0.0), dict(beta=4.5, gammaBetaRatio=0.125)]
    return run(
        golden,
        Case(inputs, [dict(beta=0.1, gamma=0.5)], {}, formula, ("policy",)),
        Case(inputs, ratio, originals, formula, ("policy",)),
    )
