"""OpenRLHF: DPOLoss (DPO, cDPO, IPO), the reward model's PairWiseLoss, and the SFT loss.

The first two return means, so each pair is one call.
"""

import numpy as np
import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import CHOSEN_REJECTED, POLICY
from lib.slicing import extract
from lib.tensors import constant, grads_of_sum, row_by_row, variable

OPENRLHF = "openrlhf-0.11.2"
DPO_FUNCTION = "openrlhf/models/loss.py DPOLoss.forward, one call per pair"
SFT_FUNCTION = "openrlhf/models/loss.py aggregate_loss, the 1e-8 that it adds to a row's token count taken out of its text"
REWARD_FUNCTION = "openrlhf/models/loss.py PairWiseLoss.forward, one call per pair"


def _loss_class(name):
    return extract(OPENRLHF, "openrlhf/models/loss.py", name, dict(F=F, nn=torch.nn))


def _adapter(ipo_loss):
    def adapter(options, fields):
        module = _loss_class("DPOLoss")(options["beta"], options.get("labelSmoothing", 0.0), ipo_loss)
        tensors = pair_tensors(fields)
        losses = row_by_row(lambda *pair: module(*pair)[0], *tensors)
        return result(losses, POLICY, tensors)

    return adapter


dpo = _adapter(False)
ipo = _adapter(True)


def reward(options, fields):
    """PairWiseLoss, which has a margin but no centering."""
    module = _loss_class("PairWiseLoss")()
    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    margins = constant(np.broadcast_to(options["margin"], len(tensors[0])))
    return result(row_by_row(module, *tensors, margins), CHOSEN_REJECTED, tensors)


def nll(options, fields):
    """The loss of supervised fine-tuning, averaged over tokens or over sequences."""
    names = dict(torch=torch)
    extract(OPENRLHF, "openrlhf/models/utils.py", "masked_mean", names)
    aggregate = extract(OPENRLHF, "openrlhf/models/loss.py", "aggregate_loss", names, ((" + 1e-8", ""),))
    logps = variable(fields["logps"])
    loss = aggregate(-logps, constant(fields["mask"]), token_level_loss=options["reduction"] == "token")
    return dict(losses=[loss.item()], grads=grads_of_sum(loss, {"logps": logps}))
