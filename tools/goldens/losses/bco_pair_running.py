"""TRL's former bco_pair with its running mean of two batches, a recipe."""

import mpmath as mp

from adapters import trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, REFERENCE, earlier, ratios
from lib.runner import Case, run

SIZES = (("B5", "B1"), ("B1", "B6"), ("B6", "B5"))


def frozen(name: str) -> str:
    return f"frozen{name[0].upper()}{name[1:]}"


def mean_reward(fields, options, named):
    """Mean reward of both sides of a batch whose policy fields are `named`."""
    pairs = ratios({name: fields[named(name)] for name in POLICY + REFERENCE})
    return options["beta"] * mp.fsum(w + k for w, k in pairs) / (2 * len(pairs))


def formula(fields, options) -> list:
    of_this = lambda name: frozen(name) if name in POLICY else name  # noqa: E731
    delta = (mean_reward(fields, options, earlier) + mean_reward(fields, options, of_this)) / 2
    beta = options["beta"]
    return [-log_sigmoid(beta * w - delta) - log_sigmoid(-(beta * k - delta)) for w, k in ratios(fields)]


def inputs() -> dict:
    """The second of two batches of pairs, with the fields of both."""
    sets, pairs = {}, pair_inputs()
    for seed in "AB":
        for first, second in SIZES:
            before, fields = pairs[f"{seed}_{first}"], pairs[f"{seed}_{second}"]
            sets[f"{seed}_{second}after{first}"] = {
                **fields,
                **{earlier(name): values for name, values in before.items()},
                **{frozen(name): fields[name] for name in POLICY},
            }
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "recipes/bcoPairRunning",
        "-log sigmoid(rw - delta) - log sigmoid(-(rl - delta)), r = beta (policy - reference), of each side; delta = sg(the mean, "
        "over the earlier batch and this one, of the mean reward of both sides of a batch)",
        [
            "grads = d sum(losses) / d input. The fields that begin with frozen are copies of the policy's, for what is detached."
        ],
        {
            "trl-0.27.2": f"{trl_legacy.FUNCTION}, called for the earlier batch and for this one, with RunningMoments of "
            "trl/trainer/utils.py (one process), in which .float() is replaced by .double()"
        },
    )
    options = [dict(beta=0.1), dict(beta=0.5)]
    return run(golden, Case(inputs(), options, {"trl-0.27.2": trl_legacy.bco_pair_running}, formula, POLICY))
