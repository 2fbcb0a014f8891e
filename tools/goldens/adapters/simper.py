"""tengxiao1/SimPER: the authors' own code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import result
from lib.pairs import CHOSEN_REJECTED
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import variable

SIMPER = "simper"
FUNCTION = "scripts/simper_trainer.py SimPOTrainer.simpo_loss (stub self)"


def simper(_options, fields):
    """SimPER. The margin that the function subtracts for SimPO is 0."""
    loss_function = extract(
        SIMPER, "scripts/simper_trainer.py", "SimPOTrainer.simpo_loss", dict(torch=torch, F=F)
    )
    trainer = SimpleNamespace(accelerator=Accelerator(), gamma_beta_ratio=0.0, loss_type="SimPER")
    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    losses, *_ = loss_function(trainer, *tensors)
    return result(losses, CHOSEN_REJECTED, tensors)
