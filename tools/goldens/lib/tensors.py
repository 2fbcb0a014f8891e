"""Float64 torch tensors from numpy arrays, and gradients of sums."""

import numpy as np
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def constant(values) -> torch.Tensor:
    """A float64 tensor without gradient."""
    return torch.tensor(np.asarray(values, dtype=np.float64))


def variable(values) -> torch.Tensor:
    """A float64 tensor that requires a gradient."""
    return constant(values).requires_grad_(True)


def grads_of_sum(losses: torch.Tensor, fields: dict) -> dict:
    """Return d sum(losses) / d field for every named tensor, zeros if the losses do not depend on it."""
    grads = torch.autograd.grad(losses.sum(), list(fields.values()), allow_unused=True)
    pairs = zip(fields, fields.values(), grads)
    return {name: (torch.zeros_like(x) if g is None else g).numpy() for name, x, g in pairs}


def row_by_row(function, *columns) -> torch.Tensor:
    """Call a batch function that returns a mean on one row at a time, and return the stacked per-example losses."""
    count = len(columns[0])
    return torch.stack([function(*[c[i : i + 1] for c in columns]).reshape(()) for i in range(count)])
