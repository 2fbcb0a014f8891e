"""DPO-Positive."""

from adapters import sampo
from lib.exact import log_sigmoid, relu
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    b, penalty = options["beta"], options["lambda"]
    return [-log_sigmoid(b * (w - k - penalty * relu(-w))) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "dpop",
        "-log sigmoid(beta (rw - rl - lambda max(0, -rw))), r = policy - reference, of each side",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "Inputs where rw is 0, or not to be told from it, are left out: there is a kink.",
        ],
        {"sampo": sampo.FUNCTION},
    )
    inputs = {k: fields for k, fields in pair_inputs().items() if "equal" not in k and "tiny" not in k}
    options = [{"beta": 0.1, "lambda": 50.0}, {"beta": 0.3, "lambda": 5.0}]
    return run(golden, Case(inputs, options, {"sampo": sampo.dpop}, formula, POLICY))
