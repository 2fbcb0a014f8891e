"""The Bradley-Terry loss of reward models, with margin, scale and centering."""

import numpy as np

from adapters import halos, nemo_aligner, openrlhf, trl
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import binary, reward_inputs, rng
from lib.pairs import CHOSEN_REJECTED
from lib.runner import Case, run

FUNCTIONS = {
    "trl-1.16.0": trl.REWARD_FUNCTION,
    "openrlhf-0.11.2": openrlhf.REWARD_FUNCTION,
    "halos": halos.REWARD_FUNCTION,
    "nemo-aligner": nemo_aligner.REWARD_FUNCTION,
}


def formula(fields, options) -> list:
    def per_pair(x) -> list:
        return x if isinstance(x, list) else [x] * len(fields["chosen"])

    rows = zip(fields["chosen"], fields["rejected"], per_pair(options["margin"]), per_pair(options.get("scale", 1)))
    return [-s * log_sigmoid(w - k - m) + options["centering"] * (w + k) ** 2 for w, k, m, s in rows]


def margins(name: str, fields: dict) -> list:
    """One margin per pair."""
    count = len(fields["chosen"])
    return binary(np.abs(rng(name[0], f"margin{name}").normal(0, 1, count)), 10).tolist()


def with_scale(name, fields) -> list:
    scales = rng(name[0], f"scale{name}").integers(1, 4, len(fields["chosen"])).tolist()
    return [dict(margin=0.0, centering=0.0, scale=scale) for scale in (2.0, scales)]


def with_margin(name, fields) -> list:
    return [dict(margin=margin, centering=0.0) for margin in (0.5, margins(name, fields))]


def with_centering(name, fields) -> list:
    return [dict(margin=margin, centering=0.01) for margin in (0.0, margins(name, fields))]


def build() -> GoldenFile:
    golden = GoldenFile(
        "bradleyTerry",
        "-scale log sigmoid(chosen - rejected - margin) + centering (chosen + rejected)^2",
        [
            "grads = d sum(losses) / d input. options.margin and options.scale are one number, or one per pair.",
            "Only NeMo-Aligner has a scale, and no margin beside it; OpenRLHF and NeMo-Aligner have no centering, HALOs neither "
            "margin nor centering.",
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
        Case(inputs, with_margin, {**and_openrlhf, "nemo-aligner": nemo_aligner.reward}, formula, CHOSEN_REJECTED),
        Case(inputs, with_scale, {"nemo-aligner": nemo_aligner.reward}, formula, CHOSEN_REJECTED),
        Case(inputs, with_centering, only_trl, formula, CHOSEN_REJECTED),
    )
