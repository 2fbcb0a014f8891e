"""NCA on pairs."""

from adapters import liger, trl, trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.nca_pair,
    "trl-0.27.2": trl_legacy.nca_pair,
    "liger-0.8.5": liger.nca_pair,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}


def formula(fields, options) -> list:
    b = options["beta"]
    return [-log_sigmoid(b * w) - log_sigmoid(-b * k) / 2 - log_sigmoid(-b * w) / 2 for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "ncaPair",
        "-log sigmoid(rw) - log sigmoid(-rw) / 2 - log sigmoid(-rl) / 2, r = beta (policy - reference), of each side",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
        ],
        FUNCTIONS,
    )
    return run(golden, Case(pair_inputs(), [dict(beta=0.1), dict(beta=0.01)], ORIGINALS, formula, POLICY))
