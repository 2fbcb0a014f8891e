"""junkangwu/alpha-DPO: the authors' own code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import constant

ALPHA_DPO = "alpha-dpo"
FUNCTION = "scripts/dpo_trainer.py AlphaDPOTrainer.dpo_loss (stub self), running mean and deviation given"


def alpha_dpo(options, fields):
    """alpha-DPO with given statistics."""
    names = dict(torch=torch, F=F)
    dpo_loss = extract(ALPHA_DPO, "scripts/dpo_trainer.py", "AlphaDPOTrainer.dpo_loss", names)
    trainer = SimpleNamespace(
        accelerator=Accelerator(),
        alpha=options["alpha"],
        beta=options["beta"],
        gamma_beta_ratio=options["gammaBetaRatio"],
        label_smoothing=options.get("labelSmoothing", 0.0),
        loss_type="alpha-dpo",
        constant_1=constant(fields["mean"]),
        constant_2=constant(fields["std"]),
        update_and_sync_ref_mean_std=lambda _: None,
    )
    tensors = pair_tensors(fields)
    (losses, *_), *_ = dpo_loss(trainer, *tensors)
    return result(losses, POLICY, tensors)
