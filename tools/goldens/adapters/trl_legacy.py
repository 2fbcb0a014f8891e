"""TRL 0.27.2: the DPO trainer's loss on summed log-probs, which still has label smoothing and summed IPO."""

import enum
from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import POLICY, pair_tensors, result
from lib.slicing import extract
from lib.sources import source_text
from lib.stubs import Accelerator

TRL = "trl-0.27.2"
FUNCTION = "trl/trainer/dpo_trainer.py DPOTrainer.dpo_loss (stub self)"


def _names() -> dict:
    names = dict(torch=torch, F=F, Enum=enum.Enum)
    path = "trl/trainer/dpo_config.py"
    if "class FDivergenceType" not in source_text(TRL, path):
        path = "trl/trainer/utils.py"
    for name in ("FDivergenceType", "FDivergenceConstants"):
        extract(TRL, path, name, names)
    return names


def _adapter(loss_type):
    def adapter(options, fields):
        names = _names()
        dpo_loss = extract(TRL, "trl/trainer/dpo_trainer.py", "DPOTrainer.dpo_loss", names)
        trainer = SimpleNamespace(
            accelerator=Accelerator(),
            reference_free=False,
            beta=options["beta"],
            label_smoothing=options.get("labelSmoothing", 0.0),
            f_divergence_type=names["FDivergenceType"]("reverse_kl"),
            f_divergence_params=None,
        )
        tensors = pair_tensors(fields)
        losses, *_ = dpo_loss(trainer, *tensors, loss_type=loss_type)
        return result(losses, POLICY, tensors)

    return adapter


dpo = _adapter("sigmoid")
ipo = _adapter("ipo")
