"""XXares/TODO: the authors' own code, for Rao and Kupper's model of ties."""

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract

TODO = "todo"
FUNCTION = "utils/dpo_tie_trainer.py DPOTieTrainer.tie_loss (stub self), theta = -log nu"


def rao_kupper(options, fields):
    """TODO's loss of the scaled margins."""
    names = dict(torch=torch, F=F, math=math)
    tie_loss = extract(TODO, "utils/dpo_tie_trainer.py", "DPOTieTrainer.tie_loss", names)
    trainer = SimpleNamespace(theta=-math.log(options["nu"]), label_smoothing=0.0)
    tensors = pair_tensors(fields)
    chosen, rejected, reference_chosen, reference_rejected = tensors
    margins = (chosen - reference_chosen) - (rejected - reference_rejected)
    losses, *_ = tie_loss(trainer, options["beta"] * margins, [bool(tie) for tie in fields["tie"]])
    return result(losses, POLICY, tensors)
