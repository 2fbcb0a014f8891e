"""Token-level DPO: the authors' own code."""

import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.tensors import variable

TDPO = "tdpo"
FUNCTION = "trainers.py tdpo_loss"
KL = ("chosenKl", "rejectedKl")


def _adapter(second):
    def adapter(options, fields):
        tdpo_loss = extract(TDPO, "trainers.py", "tdpo_loss", dict(F=F))
        chosen, rejected, reference_chosen, reference_rejected = pair_tensors(fields)
        divergences = [variable(fields[k]) for k in KL]
        log_ratios = (chosen - reference_chosen, rejected - reference_rejected)
        arguments = dict(alpha=options["alpha"]) if second else {}
        losses, *_ = tdpo_loss(*log_ratios, *divergences, options["beta"], if_tdpo2=second, **arguments)
        return result(losses, (*POLICY, *KL), (chosen, rejected, *divergences))

    return adapter


tdpo1 = _adapter(False)
tdpo2 = _adapter(True)
