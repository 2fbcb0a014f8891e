"""APO-zero on unpaired examples."""

from adapters import trl
from lib.exact import sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import labelled_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    losses = []
    for policy, reference, desirable in zip(fields["policy"], fields["reference"], fields["desirable"]):
        reward = options["beta"] * (policy - reference)
        weight = options["desirableWeight"] if desirable else options["undesirableWeight"]
        losses.append(weight * sigmoid(-reward if desirable else reward))
    return losses


def build() -> GoldenFile:
    golden = GoldenFile(
        "apoZeroUnpaired",
        "desirable: desirableWeight sigmoid(-r); undesirable: undesirableWeight sigmoid(r); r = beta (policy - reference)",
        ["grads = d sum(losses) / d input; by reference it is minus the one by policy. losses are in input order."],
        {"trl-1.16.0": trl.KTO_FUNCTION},
    )
    options = [
        dict(beta=0.1, desirableWeight=1.0, undesirableWeight=1.0),
        dict(beta=0.3, desirableWeight=1.33, undesirableWeight=0.8),
    ]
    return run(golden, Case(labelled_inputs(), options, {"trl-1.16.0": trl.apo_zero_unpaired}, formula, ("policy",)))
