"""thu-ml/Noise-Contrastive-Alignment: the authors' own code, for four candidates."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, variable

NCA = "nca"
CANDIDATES = 4
FUNCTION = (
    "reward_trainer.py NCATrainer.nca_loss (stub self), one call per row; the 0.01 that it adds to the first reward is "
    "taken out of its text"
)
WITHOUT_BONUS = (('batch["A0_score"]+0.01', 'batch["A0_score"]'),)


def _adapter(loss_type):
    def adapter(options, fields):
        nca_loss = extract(NCA, "reward_trainer.py", "NCATrainer.nca_loss", dict(torch=torch, F=F), WITHOUT_BONUS)
        trainer = SimpleNamespace(beta=options["beta"], temperature_alpha=options["tau"], loss_type=loss_type)
        policy, reference, rewards = variable(fields["policy"]), constant(fields["reference"]), variable(fields["rewards"])

        def one_row(logps, reference_logps, row_rewards):
            batch = {f"A{k}_score": row_rewards[k : k + 1] for k in range(CANDIDATES)}
            return nca_loss(trainer, batch, *logps[:, None], *reference_logps[:, None])[0].reshape(())

        losses = torch.stack([one_row(*row) for row in zip(policy, reference, rewards)])
        return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy, "rewards": rewards}))

    return adapter


nca = _adapter("NCA")
info_nca = _adapter("InfoNCA")
