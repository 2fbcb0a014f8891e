"""Helpers of the adapters of pair losses: fields as tensors, and results under the names of the golden files."""

import numpy as np

from lib.pairs import POLICY, REFERENCE
from lib.tensors import constant, grads_of_sum, variable


def pair_tensors(fields: dict) -> list:
    """Return policyChosen and policyRejected, both differentiable, referenceChosen and referenceRejected."""
    return [variable(fields[k]) for k in POLICY] + [constant(fields[k]) for k in REFERENCE]


def result(losses, names, tensors, **more) -> dict:
    """Return the losses, and the gradients of their sum with respect to the first `len(names)` tensors."""
    grads = grads_of_sum(losses, dict(zip(names, tensors)))
    return dict(losses=losses.detach().numpy(), grads=grads, **more)


def in_input_order(losses, policy, desirable, **more) -> dict:
    """Put losses that have desirable examples first into input order; return them with the gradients of the policy."""
    grads = grads_of_sum(losses, {"policy": policy})
    order = np.argsort(1 - np.asarray(desirable), kind="stable")
    in_order = np.empty(len(order))
    in_order[order] = losses.detach().numpy()
    return dict(losses=in_order, grads=grads, **more)
