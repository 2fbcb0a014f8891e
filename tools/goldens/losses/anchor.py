"""The anchored term of mDPO."""

from adapters import mdpo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import single_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    rewards = [options["beta"] * (p - r) for p, r in zip(fields["policy"], fields["reference"])]
    return [-log_sigmoid(r - options.get("delta", 0)) for r in rewards]


def build() -> GoldenFile:
    golden = GoldenFile(
        "anchor",
        "-log sigmoid(beta (policy - reference) - delta)",
        [
            "grads = d sum(losses) / d input; by reference it is minus the one by policy.",
            "The authors' code has no delta.",
        ],
        {"mdpo": mdpo.ANCHOR_FUNCTION},
    )
    inputs = single_inputs()
    return run(
        golden,
        Case(inputs, [dict(beta=0.1), dict(beta=0.5)], {"mdpo": mdpo.anchor}, formula, ("policy",)),
        Case(inputs, [dict(beta=0.1, delta=1.5)], {}, formula, ("policy",)),
    )
