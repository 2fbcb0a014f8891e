"""LiPO-lambda."""

import mpmath as mp

from lib.exact import softplus
from lib.golden_file import GoldenFile
from lib.inputs import list_inputs
from lib.lists import rewards_of
from lib.runner import Case, run


def formula(fields, options) -> list:
    losses = []
    for row, labels in zip(rewards_of(fields, options["beta"]), fields["rewards"]):
        discount = [1 / mp.log(1 + rank) for rank in ranks(row)]
        gain = [mp.mpf(2) ** x - 1 for x in labels]
        pairs = [(i, j) for i in range(len(row)) for j in range(len(row)) if labels[i] > labels[j]]
        weight = {(i, j): abs(gain[i] - gain[j]) * abs(discount[i] - discount[j]) for i, j in pairs}
        losses.append(mp.fsum(weight[i, j] * softplus(-(row[i] - row[j])) for i, j in pairs))
    return losses


def ranks(row) -> list:
    """Rank 1 for the largest value; equal values are ranked in their order."""
    order = sorted(range(len(row)), key=lambda i: (-row[i], i))
    return [order.index(i) + 1 for i in range(len(row))]


def build() -> GoldenFile:
    golden = GoldenFile(
        "lipo",
        "sum over rewards_i > rewards_j of |G_i - G_j| |1 / D_i - 1 / D_j| softplus(-(r_i - r_j)), "
        "r = beta (policy - reference), G = 2^rewards - 1, D = ln(1 + rank of r), ranks held constant",
        ["grads = d sum(losses) / d policy [B, K]. No implementation was found."],
        {},
    )
    inputs = list_inputs()
    for name, fields in inputs.items():
        if "extreme" in name:  # in its last list all r are equal, where ranks jump and finite differences fail
            inputs[name] = {k: x[:2] for k, x in fields.items()}
    return run(golden, Case(inputs, [dict(beta=0.1), dict(beta=0.5)], {}, formula, ("policy",)))
