"""Preference optimization of models that read images: mDPO (luka-group/mDPO) and CHiP (LVUGAI/CHiP), both by their authors."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import result
from lib.slicing import extract
from lib.tensors import constant, variable

MDPO_FUNCTION = "mdpo_trainer.py mDPOTrainer.dpo_loss (stub self)"
CHIP_FUNCTION = "muffin/muffin/train/trainers.py MuffinDPOTrainer.chip_loss (stub self)"
WRT = ("policyChosen", "policyRejected", "policyImageless")
REFERENCE = ("referenceChosen", "referenceRejected", "referenceImageless")


def mdpo(options, fields):
    """mDPO without the offset of its anchor, which the code does not have."""
    dpo_loss = extract("mdpo", "mdpo_trainer.py", "mDPOTrainer.dpo_loss", dict(torch=torch))
    chosen, rejected, imageless = [variable(fields[k]) for k in WRT]
    losses, *_ = dpo_loss(
        SimpleNamespace(beta=options["beta"]), chosen, rejected, imageless, *[constant(fields[k]) for k in REFERENCE]
    )
    return result(losses, WRT, [chosen, rejected, imageless])


def chip(options, fields):
    """CHiP with all of its levels."""
    path = "muffin/muffin/train/trainers.py"
    chip_loss = extract("chip", path, "MuffinDPOTrainer.chip_loss", dict(torch=torch, F=F))
    args = SimpleNamespace(use_cross_modal_loss=True, use_tok=True, tok_beta=options["alpha"], dpo_beta=options["beta"])
    names = (*WRT, "chosenKl", "rejectedKl")
    tensors = [variable(fields[k]) for k in names]
    chosen, rejected, imageless, *divergences = tensors
    reference_chosen, reference_rejected, reference_imageless = [constant(fields[k]) for k in REFERENCE]
    losses, *_ = chip_loss(
        SimpleNamespace(args=args),
        chosen,
        rejected,
        imageless,
        reference_imageless,
        None,
        reference_chosen,
        reference_rejected,
        *divergences,
    )
    return result(losses, names, tensors)
