"""DPO plus the likelihood of the chosen side, averaged over the batch, a recipe."""

from adapters import trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import binary, realistic_pairs, rng
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [-log_sigmoid(options["beta"] * margin) + options["alpha"] * fields["nll"] for margin in margins(fields)]


def inputs() -> dict:
    """Pairs, with a negative log-likelihood per token of the batch."""
    sets = realistic_pairs()
    for name, fields in sets.items():
        fields["nll"] = float(binary(rng(name[0], f"batchNll{name}").uniform(0.1, 4), 14))
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/dpoWithNll",
        "-log sigmoid(beta D) + alpha nll",
        ["grads = d sum(losses) / d input. nll is the mean over the tokens of the batch."],
        {"trl-0.27.2": trl_legacy.RPO_FUNCTION},
    )
    options = [dict(beta=0.1, alpha=1.0), dict(beta=0.5, alpha=0.25)]
    return run(golden, Case(inputs(), options, {"trl-0.27.2": trl_legacy.dpo_with_nll}, formula, POLICY))
