"""f-DPO: DPO under other divergences than the reverse KL."""

import mpmath as mp

from adapters import trl, trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, small_ratio_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run

FUNCTIONS = {
    "trl-1.16.0": f"{trl.DPO_FUNCTION}; alpha: float64 added to its table of dtypes, .float() replaced by .double()",
    "trl-0.27.2": trl_legacy.FUNCTION,
}
MAX_EXPONENT = 80


def score(ratio, options):
    kind = options["divergence"]
    if kind == "reverseKl":
        return ratio
    if kind == "jensenShannon":
        return log_sigmoid(ratio)
    if kind == "chiSquaredKl":
        return ratio + mp.expm1(min(ratio, mp.mpf(MAX_EXPONENT)))
    alpha = options["alpha"] if kind == "alpha" else 1
    return -mp.expm1(min(-alpha * ratio, mp.mpf(MAX_EXPONENT))) / alpha


def formula(fields, options) -> list:
    bound = 2 * options["clip"] if "clip" in options else mp.inf
    scores = [(score(w, options), score(k, options)) for w, k in ratios(fields)]
    return [-log_sigmoid(max(-bound, min(options["beta"] * (w - k), bound))) for w, k in scores]


def build() -> GoldenFile:
    golden = GoldenFile(
        "fDpo",
        "-log sigmoid(beta (g(rw) - g(rl))), r = policy - reference, of each side; g(r) = r (reverseKl), -exp(-r) "
        "(forwardKl), log sigmoid(r) (jensenShannon), -exp(-alpha r) / alpha (alpha), r + exp(r) (chiSquaredKl); exponents are at "
        "most 80; with clip, the argument of the sigmoid is in [-2 clip, 2 clip]",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "alpha is the paper's and TRL 0.27.2's; the coefficient of TRL 1.16.0 is 1 - alpha. TRL 0.27.2 has no "
            "forward KL. The originals are asked where no exponent reaches a limit. No implementation of chiSquaredKl was found.",
        ],
        FUNCTIONS,
    )
    current, legacy = {"trl-1.16.0": trl.f_divergence}, {"trl-0.27.2": trl_legacy.dpo}
    both = {**current, **legacy}
    small = small_ratio_inputs()
    extreme = {name: fields for name, fields in pair_inputs().items() if "extreme" in name}
    kl = [dict(beta=0.1, divergence="forwardKl")]
    chi_squared = [dict(beta=0.1, divergence="chiSquaredKl")]
    rest = [
        dict(beta=0.1, divergence="reverseKl"),
        dict(beta=0.1, divergence="jensenShannon"),
        dict(beta=0.1, divergence="alpha", alpha=0.5),
        dict(beta=0.5, divergence="alpha", alpha=0.25),
    ]
    return run(
        golden,
        Case(small, kl, current, formula, POLICY),
        Case(small, rest, both, formula, POLICY),
        Case(small, [*chi_squared, dict(beta=0.1, divergence="chiSquaredKl", clip=0.25)], {}, formula, POLICY),
        Case(extreme, [*kl, *rest, *chi_squared], {}, formula, POLICY, digits=200),
    )
