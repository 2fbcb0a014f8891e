"""APO-down."""

from adapters import liger, trl, trl_legacy
from lib.exact import sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.apo_down,
    "trl-0.27.2": trl_legacy.apo_down,
    "liger-0.8.5": liger.apo_down,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}


def formula(fields, options) -> list:
    b = options["beta"]
    return [sigmoid(b * w) + sigmoid(-b * (w - k)) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "apoDown",
        "sigmoid(rw) + sigmoid(-(rw - rl)), r = beta (policy - reference), of each side",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
        ],
        FUNCTIONS,
    )
    return run(golden, Case(pair_inputs(), [dict(beta=0.1), dict(beta=0.5)], ORIGINALS, formula, POLICY))
