"""GanjinZero/RRHF: the authors' own ranking term."""

import torch

from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, variable

RRHF = "rrhf"
FUNCTION = "train.py RRHFTrainer.rrhf_loss, one call per row"


def rrhf(_options, fields):
    """The ranking term on averaged log-probs."""
    rrhf_loss = extract(RRHF, "train.py", "RRHFTrainer.rrhf_loss", dict(torch=torch))
    policy, rewards = variable(fields["policy"]), constant(fields["rewards"])
    losses = torch.stack([rrhf_loss(None, logps, None, row[None]) for logps, row in zip(policy, rewards)])
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy}))
