"""CLAIRE-Labo/quantile-reward-policy-optimization: the authors' own code."""

from types import SimpleNamespace

import numpy as np
import torch

from adapters.pairs import result
from lib.slicing import extract
from lib.stubs import Accelerator
from lib.tensors import constant, variable

QRPO = "qrpo"
PATH = "src/qrpo/trainers/qrpo.py"
FUNCTION = (
    "src/qrpo/trainers/qrpo.py QRPOTrainer.qrpo_loss in float64 (.float() becomes .double()), the same completion on both "
    "sides, whose losses it averages; the rewards of the reference are chosen to give the quantile"
)
SAMPLES = 1024
TRANSFORMS = dict(identity="identity", log="log", normal="normal-icdf")
ERRORS = dict(squared="mse", absolute="mae")


def qrpo(options, fields):
    """QRPO. The identity is its simplified form."""
    qrpo_loss = extract(QRPO, PATH, "QRPOTrainer.qrpo_loss", dict(torch=torch), ((".float()", ".double()"),))
    trainer = SimpleNamespace(
        accelerator=Accelerator(),
        beta=options["beta"],
        qrpo_transform_type=TRANSFORMS[options.get("transform", "identity")],
        qrpo_loss_type=ERRORS[options["error"]],
        qrpo_sample_selector="both",
    )
    policy, reference = variable(fields["policy"]), constant(fields["reference"])
    # The reward n is at least as large as n of the rewards 1, 2, ...
    rewards = constant(np.asarray(fields["quantile"]) * SAMPLES)
    sampled = torch.arange(1, SAMPLES + 1).expand(len(rewards), -1).to(rewards.dtype)
    outputs = dict(chosen_logps=policy, rejected_logps=policy)
    losses, *_ = qrpo_loss(trainer, outputs, reference, reference, rewards, rewards, sampled, {})
    return result(losses, ("policy",), [policy])
