"""eric-mitchell/direct-preference-optimization: the DPO authors' own code (also cDPO and IPO)."""

import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract

ERIC = "eric-mitchell"
FUNCTION = "trainers.py preference_loss"


def _adapter(ipo_loss):
    def adapter(options, fields):
        preference_loss = extract(ERIC, "trainers.py", "preference_loss", dict(F=F))
        tensors = pair_tensors(fields)
        smoothing = options.get("labelSmoothing", 0.0)
        losses, *_ = preference_loss(*tensors, beta=options["beta"], label_smoothing=smoothing, ipo=ipo_loss)
        return result(losses, POLICY, tensors)

    return adapter


dpo = _adapter(False)
ipo = _adapter(True)
