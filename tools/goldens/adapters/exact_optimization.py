"""haozheji/exact-optimization: the EXO authors' own code. Each candidate is one token with the whole log-prob."""

import torch

from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, variable

EXO = "exo"
FUNCTION = (
    "src/align_stage/loss.py exact_loss, loss_type exo-rw, one call per row (its LogSoftmax over the vocabulary replaced "
    "by the identity, so that log-probs can be put in)"
)


class Identity:
    """Replaces `LogSoftmax(-1)`."""

    def __init__(self, _axis):
        pass

    def __call__(self, x):
        return x


def exo(options, fields):
    """EXO with rewards, on K candidates."""
    exact_loss = extract(
        EXO, "src/align_stage/loss.py", "exact_loss", dict(torch=torch, LogSoftmax=Identity, LogSigmoid=torch.nn.LogSigmoid)
    )
    policy, reference, rewards = variable(fields["policy"]), constant(fields["reference"]), variable(fields["rewards"])
    count = policy.shape[1]

    def as_logits(row):
        return row[:, None, None].expand(count, 2, 1)

    def one_row(logps, reference_logps, row_rewards):
        return exact_loss(
            as_logits(reference_logps),
            as_logits(logps),
            torch.ones(count, 2, dtype=torch.long),
            torch.zeros(count, 2, dtype=torch.long),
            torch.zeros(count, 1, dtype=torch.long),
            row_rewards[:, None],
            N=count,
            beta=options["tau"],
            beta_model=options["beta"],
            loss_type="exo-rw",
        )

    losses = torch.stack([one_row(*row) for row in zip(policy, reference, rewards)])
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy, "rewards": rewards}))
