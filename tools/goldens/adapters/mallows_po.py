"""haoxian-chen/MallowsPO: the authors' fork of TRL."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import constant

MALLOWS = "mallows-po"
FUNCTION = "mallowsPO_trainer.py DPOTrainer.dpo_loss (stub self)"


def _adapter(loss_type):
    def adapter(options, fields):
        other = SimpleNamespace(value="another")
        names = dict(torch=torch, F=F, FDivergenceType=SimpleNamespace(ALPHA_DIVERGENCE=other, JS_DIVERGENCE=other))
        dpo_loss = extract(MALLOWS, "mallowsPO_trainer.py", "DPOTrainer.dpo_loss", names)
        trainer = SimpleNamespace(
            accelerator=Accelerator(),
            reference_free=False,
            f_divergence_type="reverse_kl",
            if_mixing_alpha=False,
            home_advantage=0,
            loss_type=loss_type,
            beta=options["beta"],
            label_smoothing=0,
            dispersion_mean=options["phi"],
            add_sft_loss=False,
        )
        tensors = pair_tensors(fields)
        losses, *_ = dpo_loss(trainer, *tensors, constant(fields["entropy"]))
        return result(losses, POLICY, tensors)

    return adapter


mallows_dpo = _adapter("mallows_dpo")
mallows_ipo = _adapter("mallows_ipo")
