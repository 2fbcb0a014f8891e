"""sunjie279/gammaPO: the authors' own code, for the target margins."""

from types import SimpleNamespace

import torch

from lib.slicing import extract
from lib.tensors import constant

GAMMA_PO = "gamma-po"
FUNCTION = (
    "scripts/simpo_trainer.py SimPOTrainer.get_gamma_dq (stub self) with an empty queue of earlier gaps, without the 1e-10 in the "
    "logarithm"
)


def gamma_margins(options, fields):
    """The margins of one batch."""
    names = dict(torch=torch, random=SimpleNamespace(sample=lambda _queue, _count: []), print=lambda _: None)
    get_gamma = extract(GAMMA_PO, "scripts/simpo_trainer.py", "SimPOTrainer.get_gamma_dq", names)
    trainer = SimpleNamespace(tau=options["tau"], gamma0=options["gamma"], eps=0.0, opt_size=256, reward_gap_queue=[])
    return dict(losses=get_gamma(trainer, constant(fields["gaps"])).numpy(), grads={})
