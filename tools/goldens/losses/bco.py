"""BCO."""

from adapters import trl_legacy
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import binary, labelled_inputs, rng
from lib.runner import Case, run


def formula(fields, options) -> list:
    losses, weights = [], options["undesirableWeight"]
    rows = zip(fields["policy"], fields["reference"], fields["desirable"], weights)
    for policy, reference, desirable, weight in rows:
        gain = options["beta"] * (policy - reference) - options["delta"]
        losses.append(-log_sigmoid(gain) if desirable else -weight * log_sigmoid(-gain))
    return losses


def with_weights(name, fields) -> list:
    """Options with one weight per example, of which only those of undesirable examples are used."""
    count = len(fields["policy"])
    udm = binary(rng(name[0], f"udm{name}").uniform(0.5, 2, count), 10).tolist()
    return [
        dict(beta=0.1, delta=0.25, undesirableWeight=[1.0] * count),
        dict(beta=0.3, delta=-1.5, undesirableWeight=udm),
    ]


def build() -> GoldenFile:
    golden = GoldenFile(
        "bco",
        "desirable: -log sigmoid(r - delta); undesirable: -undesirableWeight log sigmoid(-(r - delta)); "
        "r = beta (policy - reference)",
        ["grads = d sum(losses) / d input; by reference it is minus the one by policy. losses are in input order."],
        {"trl-0.27.2": trl_legacy.BCO_FUNCTION},
    )
    return run(golden, Case(labelled_inputs(), with_weights, {"trl-0.27.2": trl_legacy.bco}, formula, ("policy",)))
