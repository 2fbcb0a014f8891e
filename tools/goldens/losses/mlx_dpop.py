"""The DPOP of mlx-lm-lora, a recipe."""

from adapters import mlx_lm_lora
from lib.exact import log_sigmoid, relu
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [-log_sigmoid(options["beta"] * (w - k)) + options["delta"] * relu(-w) for w, k in ratios(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/mlxDpop",
        "-log sigmoid(beta (rw - rl)) + delta max(0, -rw), r = policy - reference",
        ["grads = d sum(losses) / d input. DPOP (see dpop) has its penalty inside the sigmoid."],
        {"mlx-lm-lora": mlx_lm_lora.FUNCTION},
    )
    options = [dict(beta=0.1, delta=0.01), dict(beta=0.5, delta=50.0)]
    return run(golden, Case(realistic_pairs(), options, {"mlx-lm-lora": mlx_lm_lora.dpop}, formula, POLICY))
