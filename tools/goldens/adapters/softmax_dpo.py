"""chenyuxin1999/S-DPO: the authors' own code."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, variable

SOFTMAX_DPO = "softmax-dpo"
FUNCTION = "trainer/softmax_dpo_trainer.py DPOTrainer.dpo_loss (stub self)"


def softmax_dpo(options, fields):
    """Softmax-DPO: the first candidate against all others."""
    path = "trainer/softmax_dpo_trainer.py"
    dpo_loss = extract(SOFTMAX_DPO, path, "DPOTrainer.dpo_loss", dict(torch=torch, F=F))
    policy, reference = variable(fields["policy"]), constant(fields["reference"])

    def rejected(x):
        return {f"rejected{k}": x[:, k] for k in range(1, x.shape[1])}

    trainer = SimpleNamespace(beta=options["beta"])
    losses, *_ = dpo_loss(trainer, policy[:, 0], rejected(policy), reference[:, 0], rejected(reference))
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy}))
