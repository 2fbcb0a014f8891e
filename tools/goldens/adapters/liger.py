"""Liger-Kernel: the loss functions of its chunked losses. The pair losses return means: one call per pair."""

import torch
import torch.nn.functional as F

from adapters.pairs import CHOSEN_REJECTED, POLICY, pair_tensors, result
from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, row_by_row, variable

LIGER = "liger-0.8.5"


def _describe(name):
    path = f"liger_kernel/chunked_loss/{name.lower()}_loss.py"
    return f"{path} LigerFusedLinear{name}Function.preference_loss_fn, one call per example"


DPO_FUNCTION, ORPO_FUNCTION, KTO_FUNCTION = (_describe(name) for name in ("DPO", "ORPO", "KTO"))


def _loss_function(name):
    path = f"liger_kernel/chunked_loss/{name.lower()}_loss.py"
    qualified_name = f"LigerFusedLinear{name}Function.preference_loss_fn"
    return extract(LIGER, path, qualified_name, dict(torch=torch, F=F))


def dpo(options, fields):
    """DPO; it knows no label smoothing for this loss."""
    loss_function = _loss_function("DPO")
    target = torch.zeros(2, 1)

    def one_pair(chosen, rejected, *reference):
        return loss_function(chosen, rejected, target, *reference, beta=options["beta"], loss_type="sigmoid")[0]

    tensors = pair_tensors(fields)
    return result(row_by_row(one_pair, *tensors), POLICY, tensors)


def orpo_odds(options, fields):
    """The odds-ratio term."""
    loss_function = _loss_function("ORPO")
    target = torch.zeros(2, 1)
    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    losses = row_by_row(lambda *pair: loss_function(*pair, target, beta=options["lambda"])[0], *tensors)
    return result(losses, CHOSEN_REJECTED, tensors)


def kto(options, fields):
    """KTO with the KL passed in; it has no class weights."""
    loss_function = _loss_function("KTO")
    target = torch.zeros(1, 1)
    kl = constant(fields["kl"])

    def one_example(policy, reference, desirable):
        return loss_function(policy, desirable.bool(), target, reference, beta=options["beta"], kl=kl)[0]

    policy = variable(fields["policy"])
    losses = row_by_row(one_example, policy, constant(fields["reference"]), constant(fields["desirable"]))
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy}))
