"""ContextualAI/HALOs: DPO, cDPO, IPO, KTO, SimPO, SLiC, humanline and Bradley-Terry.

Its losses take token log-probs, so each summed log-prob is passed as one token.
"""

from types import MethodType, SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from adapters.pairs import in_input_order, pair_tensors, result
from lib.pairs import CHOSEN_REJECTED, POLICY
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import constant, grads_of_sum, row_by_row, variable

HALOS = "halos"
PAIR_FUNCTION = (
    "train/trainers.py DPOTrainer.loss, CDPOTrainer.loss or IPOTrainer.loss (stub self, one token a sequence)"
)
FREE_FUNCTION = (
    "train/trainers.py SimPOTrainer.loss or SLiCTrainer.loss (stub self, one token a sequence), one call per pair"
)
HUMANLINE_FUNCTION = (
    "train/trainers.py BasicTrainer.get_sequence_rewards (stub self, humanline on), .float() replaced by .double()"
)
TO_FLOAT64 = ((".float()", ".double()"),)
KTO_FUNCTION = "train/trainers.py KTOTrainer.loss (stub self, one token a sequence)"
REWARD_FUNCTION = "train/trainers.py BradleyTerryTrainer.loss, one call per pair"


def _method(qualified_name, patches=()):
    return extract(HALOS, "train/trainers.py", qualified_name, dict(torch=torch, F=F), patches)


def _trainer(**loss_config) -> SimpleNamespace:
    config = SimpleNamespace(humanline=False, loss=SimpleNamespace(**loss_config))
    trainer = SimpleNamespace(accelerator=Accelerator(), policy_dtype=torch.float64, config=config)
    trainer.get_sequence_rewards = MethodType(_method("BasicTrainer.get_sequence_rewards", TO_FLOAT64), trainer)
    return trainer


def _pair_adapter(class_name, config):
    def adapter(options, fields):
        tensors = pair_tensors(fields)
        tokens = [x[:, None] for x in tensors]
        losses, *_ = _method(f"{class_name}.loss")(_trainer(**config(options)), {}, *tokens)
        return result(losses, POLICY, tensors)

    return adapter


dpo = _pair_adapter("DPOTrainer", lambda o: dict(beta=o["beta"]))
cdpo = _pair_adapter("CDPOTrainer", lambda o: dict(beta=o["beta"], epsilon=o["labelSmoothing"]))
ipo = _pair_adapter("IPOTrainer", lambda o: dict(tau=o["beta"]))


def kto(options, fields):
    """KTO. HALOs returns the losses of desirable examples first; they are put back into input order."""
    trainer = _trainer(
        beta=options["beta"],
        desirable_weight=options["desirableWeight"],
        undesirable_weight=options["undesirableWeight"],
    )
    desirable = np.asarray(fields["desirable"]).astype(bool)
    chosen, rejected = np.flatnonzero(desirable), np.flatnonzero(~desirable)
    policy, reference = variable(fields["policy"]), constant(fields["reference"])
    columns = (
        policy[chosen],
        policy[rejected],
        constant(fields["klPolicy"]),
        reference[chosen],
        reference[rejected],
        constant(fields["klReference"]),
    )
    losses, _, _, kl, *_ = _method("KTOTrainer.loss")(trainer, {}, *[x[:, None] for x in columns])
    return in_input_order(losses, policy, desirable, kl=kl.item())


def _free_adapter(class_name, config):
    def adapter(options, fields):
        loss_function = _method(f"{class_name}.loss")
        trainer = _trainer(**config(options))
        tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
        losses = row_by_row(lambda *pair: loss_function(trainer, {}, *[x[:, None] for x in pair])[0], *tensors)
        return result(losses, CHOSEN_REJECTED, tensors)

    return adapter


simpo = _free_adapter("SimPOTrainer", lambda o: dict(beta=o["beta"], gamma_beta_ratio=o["gammaBetaRatio"]))
slic = _free_adapter("SLiCTrainer", lambda o: dict(beta=o["delta"], lambda_coef=o["lambda"]))


def humanline(options, fields):
    """Sequence log-ratios from clamped token log-ratios, and d sum / d policy."""
    trainer = _trainer()
    trainer.config = SimpleNamespace(humanline=True, log_epsilon_P=options["low"], log_epsilon_R=options["high"])
    policy = variable(fields["policy"])
    sums, unclamped = trainer.get_sequence_rewards(policy, constant(fields["reference"]))
    return dict(losses=sums.detach().numpy(), grads=grads_of_sum(sums, {"policy": policy}), unclamped=unclamped.item())


def reward(_options, fields):
    """Bradley-Terry on a two-class head, of which HALOs takes the second logit. It has neither margin nor centering."""
    loss_function = _method("BradleyTerryTrainer.loss")

    def one_pair(chosen, rejected):
        return loss_function(None, {}, F.pad(chosen[:, None], (1, 0)), F.pad(rejected[:, None], (1, 0)))[0]

    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    return result(row_by_row(one_pair, *tensors), CHOSEN_REJECTED, tensors)
