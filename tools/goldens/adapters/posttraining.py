"""swiss-ai/posttraining, which trained Apertus: QRPO with a beta per length."""

from types import SimpleNamespace

import torch

from adapters.pairs import result
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import constant, variable

FUNCTION = (
    "src/post_training/trainers/preference.py PreferenceTrainer.qrpo_loss, normalize_beta_by_length=True (stub self), in float64 "
    "(.float() becomes .double()), the same completion on both sides, whose losses it averages"
)


def qrpo_by_length(options, fields):
    """QRPO at beta / length, at most 0.1."""
    path = "src/post_training/trainers/preference.py"
    patches = ((".float()", ".double()"),)
    qrpo_loss = extract("posttraining", path, "PreferenceTrainer.qrpo_loss", dict(torch=torch), patches)
    trainer = SimpleNamespace(
        accelerator=Accelerator(),
        beta=options["beta"],
        normalize_beta_by_length=True,
        normalize_loss_by_length=False,
    )
    policy, reference, lengths, quantile = (
        variable(fields["policy"]),
        *(constant(fields[name]) for name in ("reference", "lengths", "quantile")),
    )
    outputs = dict(chosen_logps=policy, rejected_logps=policy, chosen_lens=lengths, rejected_lens=lengths)
    losses, *_ = qrpo_loss(trainer, outputs, reference, reference, None, None, quantile, quantile, None, {})
    return result(losses, ("policy",), [policy])
