"""tengxiao1/Cal-DPO: the authors' own code. It halves the squares and averages them over the batch: one call per pair."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import row_by_row

CAL_DPO = "cal-dpo"
FUNCTION = "scripts/dpo_trainer.py DPOTrainer.dpo_loss (stub self), one call per pair"


def cal_dpo(options, fields):
    """Cal-DPO with the calibration weight 1/2."""
    dpo_loss = extract(CAL_DPO, "scripts/dpo_trainer.py", "DPOTrainer.dpo_loss", dict(torch=torch, F=F))
    trainer = SimpleNamespace(accelerator=Accelerator(), beta=options["beta"], loss_type="Cal-DPO")
    tensors = pair_tensors(fields)
    return result(row_by_row(lambda *pair: dpo_loss(trainer, *pair)[0], *tensors), POLICY, tensors)
