"""What the adapters of pair losses share: the fields as tensors, and the result in our names."""

import numpy as np

from lib.tensors import constant, grads_of_sum, variable

POLICY = ("policyChosen", "policyRejected")
REFERENCE = ("referenceChosen", "referenceRejected")
CHOSEN_REJECTED = ("chosen", "rejected")


def pair_tensors(fields: dict) -> list:
    """policyChosen, policyRejected (both differentiable), referenceChosen, referenceRejected."""
    return [variable(fields[k]) for k in POLICY] + [constant(fields[k]) for k in REFERENCE]


def result(losses, names, tensors, **more) -> dict:
    """Losses and the gradients of their sum by the first `len(names)` tensors."""
    grads = grads_of_sum(losses, dict(zip(names, tensors)))
    return dict(losses=losses.detach().numpy(), grads=grads, **more)


def in_input_order(losses, policy, desirable, **more) -> dict:
    """Losses that came back desirable examples first, in the order of the input; and their gradients by the policy."""
    grads = grads_of_sum(losses, {"policy": policy})
    order = np.argsort(1 - np.asarray(desirable), kind="stable")
    in_order = np.empty(len(order))
    in_order[order] = losses.detach().numpy()
    return dict(losses=in_order, grads=grads, **more)
