"""Stubs for the surroundings of the original functions: accelerator, model, trainer bookkeeping."""

import contextlib
from types import SimpleNamespace

import torch


class Accelerator:
    """One process on the CPU: every collective is the identity."""

    device = torch.device("cpu")

    @staticmethod
    def gather(x):
        return x

    gather_for_metrics = gather

    @staticmethod
    def reduce(x, reduction="sum"):
        return x


class FixedOutput(torch.nn.Module):
    """A model that returns the same outputs for every input."""

    def __init__(self, **outputs):
        super().__init__()
        self.outputs = SimpleNamespace(**outputs)

    def forward(self, *_args, **_kwargs):
        return self.outputs


class Metrics(dict):
    """TRL's `_metrics[mode]`: name -> list of logged values."""

    def __missing__(self, name):
        self[name] = []
        return self[name]

    def latest(self) -> dict:
        return {name: values[-1] for name, values in self.items()}


def trl_trainer(**attributes) -> SimpleNamespace:
    """Return a stub `self` for methods of TRL trainers."""
    defaults = dict(
        accelerator=Accelerator(),
        aux_loss_enabled=False,
        _metrics={"train": Metrics(), "eval": Metrics()},
        _total_train_tokens=0,
        _tp_size=1,
    )
    return SimpleNamespace(**{**defaults, **attributes})


TRL_HELPERS = dict(
    disable_gradient_checkpointing=lambda *_: contextlib.nullcontext(),
    is_peft_model=lambda _: False,
)
