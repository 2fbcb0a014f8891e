"""junkangwu/Dr_DPO: the authors' own reduction of the losses of a batch."""

import re
from types import SimpleNamespace

import torch

from lib.sources import source_text
from lib.tensors import grads_of_sum, variable

DR_DPO = "dr-dpo"
FUNCTION = "trainers.py get_batch_metrics, the expression that it returns for DrDPO"


def robust_mean(options, fields):
    """Dr.DPO's reduction of given losses."""
    text = source_text(DR_DPO, "trainers.py")
    expression = re.search(r"return (- loss_config\.mode_weight \* torch\.log\(.*\)), metrics", text)[1]
    losses = variable(fields["losses"])
    config = SimpleNamespace(mode_weight=options["betaPrime"])
    value = eval(expression, dict(torch=torch, losses=losses, loss_config=config))
    return dict(losses=[value.item()], grads=grads_of_sum(value, {"losses": losses}))
