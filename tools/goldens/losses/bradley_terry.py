"""The Bradley-Terry loss of reward models, with margin and centering."""

import numpy as np

from adapters import halos, openrlhf, trl
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import binary, reward_inputs, rng
from lib.pairs import CHOSEN_REJECTED
from lib.runner import Case, run

FUNCTIONS = {
    "trl-1.16.0": trl.REWARD_FUNCTION,
    "openrlhf-0.11.2": openrlhf.REWARD_FUNCTION,
    "halos": halos.REWARD_FUNCTION,
}


def formula(fields, options) -> list:
    margin = options["margin"]
    if not isinstance(margin, list):
        margin = [margin] * len(fields["chosen"])
    rows = zip(fields["chosen"], fields["rejected"], margin)
    return [-log_sigmoid(w - k - m) + options["centering"] * (w + k) ** 2 for w, k, m in rows]


def margins(name: str, fields: dict) -> list:
    """One margin per pair."""
    count = len(fields["chosen"])
    return binary(np.abs(rng(name[0], f"margin{name}").normal(0, 1, count)), 10).tolist()


def with_margin(name, fields) -> list:
    return [dict(margin=margin, centering=0.0) for margin in (0.5, margins(name, fields))]


def with_centering(name, fields) -> list:
    return [dict(margin=margin, centering=0.01) for margin in (0.0, margins(name, fields))]


def build() -> GoldenFile:
    golden = GoldenFile(
        "bradleyTerry",
        "-log sigmoid(chosen - rejected - margin) + centering (chosen + rejected)^2",
        [
            "grads = d sum(losses) / d input. options.margin is one number, or one per pair.",
            "OpenRLHF has no centering, HALOs neither margin nor centering.",
        ],
        FUNCTIONS,
    )
    inputs = reward_inputs()
    plain = [dict(margin=0.0, centering=0.0)]
    only_trl = {"trl-1.16.0": trl.reward}
    and_openrlhf = {**only_trl, "openrlhf-0.11.2": openrlhf.reward}
    return run(
        golden,
        Case(inputs, plain, {**and_openrlhf, "halos": halos.reward}, formula, CHOSEN_REJECTED),
        Case(inputs, with_margin, and_openrlhf, formula, CHOSEN_REJECTED),
        Case(inputs, with_centering, only_trl, formula, CHOSEN_REJECTED),
    )
