"""Cal-DPO."""

from adapters import cal_dpo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    target, weight = 1 / (2 * options["beta"]), options["calibrationWeight"]
    return [-log_sigmoid(w - k) + weight * ((w - target) ** 2 + (k + target) ** 2) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "calDpo",
        "-log sigmoid(rw - rl) + w ((rw - 1 / (2 beta))^2 + (rl + 1 / (2 beta))^2), r = policy - reference, of each "
        "side, w = calibrationWeight",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "The authors' code has the weight 1/2, the paper 1.",
        ],
        {"cal-dpo": cal_dpo.FUNCTION},
    )
    inputs = pair_inputs()
    code = [dict(beta=0.1, calibrationWeight=0.5), dict(beta=0.01, calibrationWeight=0.5)]
    return run(
        golden,
        Case(inputs, code, {"cal-dpo": cal_dpo.cal_dpo}, formula, POLICY),
        Case(inputs, [dict(beta=0.1, calibrationWeight=1.0)], {}, formula, POLICY),
    )
