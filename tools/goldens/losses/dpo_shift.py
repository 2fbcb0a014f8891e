"""DPO-Shift: DPO in which the rejected log-ratio counts less."""

from adapters import dpo_shift
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [-log_sigmoid(options["beta"] * (w - options["lambda"] * k)) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "dpoShift",
        "-log sigmoid(beta (rw - lambda rl)), r = policy - reference, of each side",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"dpo-shift": dpo_shift.FUNCTION},
    )
    options = [dict(beta=0.1, **{"lambda": 0.75}), dict(beta=0.1, **{"lambda": 0.95})]
    return run(golden, Case(pair_inputs(), options, {"dpo-shift": dpo_shift.dpo_shift}, formula, POLICY))
