"""Diffusion models: the training scripts of Diffusion-DPO's and Diffusion-KTO's authors. An image is one pixel, so the errors are given."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import result
from lib.pairs import POLICY
from lib.slicing import execute_lines
from lib.stubs import Accelerator
from lib.tensors import constant, row_by_row, variable

DPO_FUNCTION = "train.py, the lines of args.train_method == 'dpo', one call per pair of images of one pixel"
KTO_FUNCTION = (
    'train_kto_sd_v1.5.py, from policy_KL_logps to l_kto with args.halo == "sigmoid" and bce_offset == "none"'
)


def _dpo_of_pair(policy_chosen, policy_rejected, reference_chosen, reference_rejected, beta) -> torch.Tensor:
    images = lambda chosen, rejected: torch.stack([chosen, rejected]).reshape(2, 1, 1, 1)  # noqa: E731
    names = dict(
        torch=torch,
        F=F,
        model_pred=images(policy_chosen, policy_rejected),
        target=torch.zeros(2, 1, 1, 1),
        ref_unet=lambda *_, **__: SimpleNamespace(sample=images(reference_chosen, reference_rejected)),
        model_batch_args=(),
        added_cond_kwargs=None,
        args=SimpleNamespace(beta_dpo=beta),
    )
    first, last = "model_losses = (model_pred - target)", "loss = -1 * F.logsigmoid(inside_term)"
    return execute_lines("diffusion-dpo", "train.py", first, last, names)["loss"]


def diffusion_dpo(options, fields):
    """Diffusion-DPO."""
    tensors = [variable(fields[k]) for k in POLICY]
    references = [constant(fields[k]) for k in ("referenceChosen", "referenceRejected")]
    losses = row_by_row(lambda *pair: _dpo_of_pair(*pair, options["beta"]), *tensors, *references)
    return result(losses, POLICY, tensors)


def diffusion_kto(options, fields):
    """Diffusion-KTO with the sigmoid utility."""
    policy = variable(fields["policy"])
    names = dict(
        torch=torch,
        model_losses=policy**2,
        ref_loss=constant(fields["reference"]) ** 2,
        args=SimpleNamespace(
            beta_dpo=options["beta"],
            bce_offset="none",
            halo="sigmoid",
            lambda_d_kto=options["desirableWeight"],
            lambda_u_kto=options["undesirableWeight"],
        ),
        batch=dict(labels=torch.tensor(fields["desirable"]).long()),
        accelerator=Accelerator(),
    )
    losses = execute_lines("diffusion-kto", "train_kto_sd_v1.5.py", "policy_KL_logps =", "l_kto = w_y", names)["l_kto"]
    return result(losses, ("policy",), [policy])
