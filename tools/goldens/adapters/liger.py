"""Liger-Kernel: the loss functions of its chunked losses. They return means, so each pair is one call."""

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import CHOSEN_REJECTED, POLICY
from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, row_by_row, variable

LIGER = "liger-0.8.5"


def _describe(name):
    path = f"liger_kernel/chunked_loss/{name.lower()}_loss.py"
    return f"{path} LigerFusedLinear{name}Function.preference_loss_fn, one call per example"


DPO_FUNCTION, CPO_FUNCTION, SIMPO_FUNCTION, ORPO_FUNCTION, KTO_FUNCTION = (
    _describe(name) for name in ("DPO", "CPO", "SimPO", "ORPO", "KTO")
)


def _loss_function(name):
    path = f"liger_kernel/chunked_loss/{name.lower()}_loss.py"
    qualified_name = f"LigerFusedLinear{name}Function.preference_loss_fn"
    return extract(LIGER, path, qualified_name, dict(torch=torch, F=F))


def _dpo(loss_type):
    def adapter(options, fields):
        loss_function = _loss_function("DPO")
        target = torch.zeros(2, 1)
        arguments = dict(beta=options["beta"], loss_type=loss_type, label_smoothing=options.get("labelSmoothing", 0.0))
        if "tau" in options:
            arguments["discopop_tau"] = options["tau"]

        def one_pair(chosen, rejected, *reference):
            return loss_function(chosen, rejected, target, *reference, **arguments)[0]

        tensors = pair_tensors(fields)
        return result(row_by_row(one_pair, *tensors), POLICY, tensors)

    return adapter


dpo = _dpo("sigmoid")  # without label smoothing, which Liger does not have for this loss
robust = _dpo("robust")
hinge = _dpo("hinge")
exo_pair = _dpo("exo_pair")
nca_pair = _dpo("nca_pair")
bco_pair = _dpo("bco_pair")
sppo_hard = _dpo("sppo_hard")
apo_zero = _dpo("apo_zero")
apo_down = _dpo("apo_down")
discopop = _dpo("discopop")


def _free(name, arguments):
    def adapter(options, fields):
        loss_function = _loss_function(name)
        target = torch.zeros(2, 1)
        tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
        losses = row_by_row(lambda *pair: loss_function(*pair, target, **arguments(options))[0], *tensors)
        return result(losses, CHOSEN_REJECTED, tensors)

    return adapter


def _smoothing(options) -> dict:
    return dict(beta=options["beta"], label_smoothing=options.get("labelSmoothing", 0.0))


orpo_odds = _free("ORPO", lambda o: dict(beta=o["lambda"]))
cpo = _free("CPO", _smoothing)
simpo = _free("SimPO", lambda o: dict(_smoothing(o), gamma=o["gamma"]))


def kto(options, fields):
    """KTO with a given KL. Liger has no class weights."""
    loss_function = _loss_function("KTO")
    target = torch.zeros(1, 1)
    kl = constant(fields["kl"])

    def one_example(policy, reference, desirable):
        return loss_function(policy, desirable.bool(), target, reference, beta=options["beta"], kl=kl)[0]

    policy = variable(fields["policy"])
    losses = row_by_row(one_example, policy, constant(fields["reference"]), constant(fields["desirable"]))
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy}))
