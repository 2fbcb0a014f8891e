"""LuJunru/SamPO: the SamPO authors' trainer, for DPOP and length-regularized DPO, whose own papers came without code."""

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.stubs import Accelerator

SAMPO = "sampo"
FUNCTION = "dpo_trainer.py DPOTrainer.dpo_loss (stub self; by neither paper's authors)"


def _adapter(loss_type):
    def adapter(options, fields):
        dpo_loss = extract(SAMPO, "dpo_trainer.py", "DPOTrainer.dpo_loss", dict(torch=torch, F=F))
        trainer = SimpleNamespace(
            accelerator=Accelerator(),
            beta=options["beta"],
            loss_type=loss_type,
            dpop_lambda=options.get("lambda"),
            lenN_lambda=options.get("alpha"),
            chosen_loss_mask=_mask(fields.get("chosenLengths", [])),
            rejected_loss_mask=_mask(fields.get("rejectedLengths", [])),
        )
        tensors = pair_tensors(fields)
        losses, *_ = dpo_loss(trainer, *tensors)
        return result(losses, POLICY, tensors)

    return adapter


def _mask(lengths) -> torch.Tensor:
    """One row of ones per length."""
    lengths = np.asarray(lengths, dtype=int)
    return torch.tensor(np.arange(max(lengths, default=0)) < lengths[:, None]).double()


dpop = _adapter("dpop")
r_dpo = _adapter("lenN")
kto_pair = _adapter("kto_pair")
