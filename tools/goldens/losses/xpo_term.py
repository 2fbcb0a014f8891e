"""The exploration term of XPO."""

from adapters import trl_legacy
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    return [options["alpha"] * x for x in fields["logps"]]


def build() -> GoldenFile:
    golden = GoldenFile(
        "xpoTerm",
        "alpha logps, of completions that the reference generated",
        ["grads = d sum(losses) / d logps."],
        {"trl-0.27.2": trl_legacy.XPO_FUNCTION},
    )
    inputs = {k: dict(logps=fields["policyChosen"]) for k, fields in pair_inputs().items() if "_B" in k}
    options = [dict(alpha=1e-5), dict(alpha=0.05)]
    return run(golden, Case(inputs, options, {"trl-0.27.2": trl_legacy.xpo}, formula, ("logps",)))
