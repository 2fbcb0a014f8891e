"""rycolab/odpo: the authors' own DPO with an offset."""

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.tensors import constant

ODPO = "odpo"
FUNCTION = "trainers.py preference_loss, offset=True: its offset is alpha * log(score gap)"


def dpo(options, fields):
    """DPO with the offset of the options; scores and alpha are chosen to give this offset."""
    preference_loss = extract(ODPO, "trainers.py", "preference_loss", dict(torch=torch, F=F))
    tensors = pair_tensors(fields)
    gaps = torch.exp(constant(options["offset"]))
    scores = dict(chosen_rewards=list(gaps), rejected_rewards=list(torch.zeros_like(gaps)))
    losses, *_ = preference_loss(*tensors, beta=options["beta"], offset=True, alpha=1.0, **scores)
    return result(losses, POLICY, tensors)
