"""Regression of the implicit reward: A*-PO."""

from adapters import a2po
from lib.golden_file import GoldenFile
from lib.inputs import binary, rng, single_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    columns = zip(fields["policy"], fields["reference"], fields["target"])
    differences = [t - options["beta"] * (p - r) for p, r, t in columns]
    return [abs(d) if options["error"] == "absolute" else d**2 for d in differences]


def build() -> GoldenFile:
    golden = GoldenFile(
        "regression",
        "(target - beta (policy - reference))^2, or its absolute value",
        ["grads = d sum(losses) / d input; by reference it is minus the one by policy."],
        {"trl-1.16.0": a2po.LOSS_FUNCTION},
    )
    inputs = single_inputs()
    for name, fields in inputs.items():
        fields["target"] = binary(rng(name[0], f"target{name}").normal(0, 0.75, len(fields["policy"])), 10)
    squared = [dict(beta=0.1, error="squared"), dict(beta=1e-3, error="squared")]
    wrt = ("policy", "target")
    return run(
        golden,
        Case(inputs, squared, {"trl-1.16.0": a2po.regression}, formula, wrt),
        Case(inputs, [dict(beta=0.1, error="absolute")], {}, formula, wrt),
    )
