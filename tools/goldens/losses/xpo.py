"""XPO as a whole, a recipe."""

from adapters import trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import realistic_pairs
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    rows = zip(margins(fields), *(fields[k] for k in (*POLICY, "modelWins")))
    dpo = lambda x: -log_sigmoid(options["beta"] * x)  # noqa: E731
    return [dpo(x) + options["alpha"] * (k if wins else w) for x, w, k, wins in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/xpo",
        "-log sigmoid(beta D) + alpha times the policy's log-prob of the completion that the reference generated",
        ["grads = d sum(losses) / d input. modelWins: 1 if the policy generated the chosen completion, 0 if the reference did."],
        {"trl-0.27.2": trl_legacy.XPO_FUNCTION},
    )
    inputs = realistic_pairs(modelWins=lambda r, count: r.integers(0, 2, count))
    options = [dict(beta=0.1, alpha=1e-5), dict(beta=0.5, alpha=0.05)]
    return run(golden, Case(inputs, options, {"trl-0.27.2": trl_legacy.xpo_whole}, formula, POLICY))
