"""ZHZisZZ/modpo: MODPO's authors' code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.tensors import constant

MODPO = "modpo"
FUNCTION = "src/trainer/modpo_trainer.py MODPOTrainer.modpo_loss (stub self, one reward beside the preference)"


def modpo(options, fields):
    """MODPO with one margin reward."""
    modpo_loss = extract(MODPO, "src/trainer/modpo_trainer.py", "MODPOTrainer.modpo_loss", dict(torch=torch, F=F))
    weights = constant([options["weight"], 1 - options["weight"]])
    trainer = SimpleNamespace(beta=options["beta"], loss_type="sigmoid", w=weights)
    tensors = pair_tensors(fields)
    rewards = [constant(fields[k])[:, None] for k in ("rewardsChosen", "rewardsRejected")]
    return result(modpo_loss(trainer, *tensors, *rewards)[0], POLICY, tensors)
