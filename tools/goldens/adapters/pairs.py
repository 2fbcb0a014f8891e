"""What the adapters of pair losses share: the fields as tensors, and the result in our names."""

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
