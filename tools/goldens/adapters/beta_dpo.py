"""junkangwu/beta-DPO: the authors' own code."""

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from lib.slicing import extract
from lib.tensors import constant

BETA_DPO = "beta-dpo"
FUNCTION = (
    "trainers.py preference_loss, mode_loss beta_DPO (torch.multinomial replaced by a given selection), after the running "
    "mean and deviation of update_and_sync_tensor_mean"
)


def adaptive_beta(options, fields):
    """Return beta, the running mean and standard deviation, and the weights of the filter, for one batch of margins."""
    margins = constant(fields["margins"])
    trainer = SimpleNamespace(
        gap_mean=constant(fields["mean"]).reshape(1),
        gap_std=constant(fields["std"]).reshape(1),
        loss_mean=torch.zeros(1),
        loss_std=torch.zeros(1),
        world_size=1,
    )
    update = extract(BETA_DPO, "trainers.py", "BasicTrainer.update_and_sync_tensor_mean", dict(torch=torch))
    update(trainer, margins, margins)

    selected = torch.tensor(np.flatnonzero(fields["selected"]))
    seen = {}

    def multinomial(weights, count, replacement):
        seen["weights"] = weights
        return selected

    chosen_torch = SimpleNamespace(exp=torch.exp, zeros_like=torch.zeros_like, mean=torch.mean, multinomial=multinomial)
    names = dict(torch=chosen_torch, F=F, all_gather_if_needed=lambda x, _rank, _size: x)
    preference_loss = extract(BETA_DPO, "trainers.py", "preference_loss", names)
    config = SimpleNamespace(mode_loss="beta_DPO", a=options["alpha"], mode_weight=0.0)
    nothing = torch.zeros_like(margins)
    *_, beta = preference_loss(
        margins,
        nothing,
        nothing,
        nothing,
        beta=options["beta"],
        loss_config=config,
        rank=0,
        world_size=1,
        gap_mean=trainer.gap_mean,
        gap_std=trainer.gap_std,
    )
    return dict(
        losses=[beta.item()],
        grads={},
        mean=trainer.gap_mean.item(),
        std=trainer.gap_std.item(),
        weights=seen["weights"].numpy(),
    )
