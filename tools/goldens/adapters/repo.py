"""junkangwu/RePO: the authors' own code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import result
from lib.pairs import CHOSEN_REJECTED
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import row_by_row, variable

REPO = "repo"
FUNCTION = "scripts/simpo_trainer.py SimPOTrainer.get_batch_loss_metrics (stub self and forward), one call per pair"


def repo(options, fields):
    """RePO, whose margin has the name that it has in SimPO."""
    names = dict(torch=torch, F=F)
    get_metrics = extract(REPO, "scripts/simpo_trainer.py", "SimPOTrainer.get_batch_loss_metrics", names)

    def one_pair(chosen, rejected):
        trainer = SimpleNamespace(
            accelerator=Accelerator(),
            beta=1.0,
            gamma_beta_ratio=options["gamma"],
            loss_type="repo",
            sft_weight=0.0,
            concatenated_forward=lambda *_: (chosen, rejected, chosen, rejected, None),
        )
        return get_metrics(trainer, None, {})[0]

    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    return result(row_by_row(one_pair, *tensors), CHOSEN_REJECTED, tensors)
