"""Meaquadddd/DPO-Shift: the authors' own code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.stubs import Accelerator

DPO_SHIFT = "dpo-shift"
FUNCTION = "scripts/dposhift_trainer.py DPOShiftTrainer.dpo_loss (stub self), fixed lambda"


def dpo_shift(options, fields):
    """DPO-Shift with a fixed lambda."""
    kinds = {f"{name}_DIVERGENCE": SimpleNamespace(value=name) for name in ("ALPHA", "JS")}
    names = dict(torch=torch, F=F, FDivergenceType=SimpleNamespace(**kinds))
    dpo_loss = extract(DPO_SHIFT, "scripts/dposhift_trainer.py", "DPOShiftTrainer.dpo_loss", names)
    trainer = SimpleNamespace(
        accelerator=Accelerator(),
        beta=options["beta"],
        dpo_lambda=options["lambda"],
        dpo_lambda_min=0.5,
        dpo_lambda_max=1.0,
        dpo_lambda_strategy="fixed",
        f_divergence_type="reverse_kl",
        label_smoothing=0.0,
        loss_type="sigmoid",
        lr_scheduler=None,
        reference_free=False,
    )
    tensors = pair_tensors(fields)
    losses, *_ = dpo_loss(trainer, *tensors)
    return result(losses, POLICY, tensors)
