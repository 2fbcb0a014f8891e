"""BCO on pairs, with and without the shift of the rewards."""

from adapters import liger, trl, trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run

FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
    "trl-0.27.2": f"{trl_legacy.FUNCTION}, running mean given",
}


def formula(fields, options) -> list:
    b, d = options["beta"], options["delta"]
    return [-log_sigmoid(b * w - d) - log_sigmoid(-(b * k - d)) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "bcoPair",
        "-log sigmoid(rw - delta) - log sigmoid(-(rl - delta)), r = beta (policy - reference), of each side",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "TRL 1.16.0 and Liger have no delta; in TRL 0.27.2 it is a running mean.",
        ],
        FUNCTIONS,
    )
    inputs = pair_inputs()
    without = {"trl-1.16.0": trl.bco_pair, "liger-0.8.5": liger.bco_pair}
    shift = {"trl-0.27.2": trl_legacy.bco_pair}
    return run(
        golden,
        Case(inputs, [dict(beta=0.1, delta=0.0), dict(beta=0.01, delta=0.0)], without, formula, POLICY),
        Case(inputs, [dict(beta=0.1, delta=0.21484375), dict(beta=0.1, delta=-1.5)], shift, formula, POLICY),
    )
