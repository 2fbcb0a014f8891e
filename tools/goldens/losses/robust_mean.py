"""Dr.DPO's mean of a batch of losses."""

import mpmath as mp

from adapters import dr_dpo
from lib.exact import log_sum_exp
from lib.golden_file import GoldenFile
from lib.inputs import BATCHES, SEEDS, binary, rng
from lib.runner import Case, run

UNDERFLOWS = "log(mean(exp(-losses / betaPrime))) is log(0)"


def formula(fields, options) -> list:
    scale, losses = options["betaPrime"], fields["losses"]
    return [-scale * (log_sum_exp([-x / scale for x in losses]) - mp.log(len(losses)))]


def loss_inputs() -> dict:
    """Losses of realistic size, and large ones."""
    sets = {}
    for seed in SEEDS:
        for count in BATCHES:
            r = rng(seed, f"losses{count}")
            sets[f"{seed}_B{count}"] = dict(losses=binary(r.gamma(1, 0.8, count), 12))
        sets[f"{seed}_extreme"] = dict(losses=binary(rng(seed, "lossesExtreme").uniform(900, 1000, 5), 4))
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "robustMean",
        "-betaPrime log mean exp(-losses / betaPrime)",
        ["grads = d value / d losses."],
        {"dr-dpo": dr_dpo.FUNCTION},
        known={("dr-dpo", "extreme"): UNDERFLOWS},
    )
    options = [dict(betaPrime=1.0), dict(betaPrime=0.25)]
    return run(golden, Case(loss_inputs(), options, {"dr-dpo": dr_dpo.robust_mean}, formula, ("losses",)))
