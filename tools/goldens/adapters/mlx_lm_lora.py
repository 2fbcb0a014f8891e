"""Goekdeniz-Guelmez/mlx-lm-lora, with torch in the place of mlx."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.tensors import row_by_row

MLX = "mlx-lm-lora"
FUNCTION = "mlx_lm_lora/trainer/dpo_trainer.py dpo_loss (mlx replaced by torch; `.astype(mx.float32)` -> `.double()`), one call per pair"


def dpop(options, fields):
    """Its DPOP, whose penalty is outside the sigmoid."""
    mx = SimpleNamespace(**vars(torch), clear_cache=lambda: None)
    names = dict(mx=mx, nn=SimpleNamespace(log_sigmoid=F.logsigmoid))
    patches = ((".astype(mx.float32)", ".double()"),)
    dpo_loss = extract(MLX, "mlx_lm_lora/trainer/dpo_trainer.py", "dpo_loss", names, patches)
    ones = torch.ones(1, 1)
    tensors = pair_tensors(fields)
    of_pair = lambda *pair: dpo_loss(*pair, ones, ones, options["beta"], options["delta"], "dpop")[0]  # noqa: E731
    return result(row_by_row(of_pair, *tensors), POLICY, tensors)
