"""luka-group/mDPO: the authors' own code."""

from types import SimpleNamespace

import torch

from adapters.pairs import result
from lib.slicing import extract
from lib.tensors import constant, variable

MDPO = "mdpo"
ANCHOR_FUNCTION = (
    "mdpo_trainer.py mDPOTrainer.dpo_loss (stub self); the log-probs of the other sides are so low that its other two terms "
    "are 0"
)


def anchor(options, fields):
    """The anchored term of the three terms of mDPO."""
    dpo_loss = extract(MDPO, "mdpo_trainer.py", "mDPOTrainer.dpo_loss", dict(torch=torch))
    policy, reference = variable(fields["policy"]), constant(fields["reference"])
    other = torch.full_like(reference, -1e12)
    zeros = torch.zeros_like(reference)
    losses, *_ = dpo_loss(SimpleNamespace(beta=options["beta"]), policy, other, other, reference, zeros, zeros)
    return result(losses, ("policy",), [policy])
