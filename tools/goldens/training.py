"""Write test/tfjs/training/training.json: results of PyTorch, transformers and TRL for a few steps. See README.md.

python training.py
"""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
import trl
from trl.trainer.callbacks import BEMACallback, SyncRefModelCallback

TARGET = Path(__file__).resolve().parent.parent.parent / "test" / "tfjs" / "training" / "training.json"

torch.set_default_dtype(torch.float64)
START = [[[0.5, -1.25, 2.0], [0.125, 3.0, -0.75]], [1.0, -2.0]]
# Like real gradients, of very different sizes, with a zero.
GRADIENTS = [
    [[[0.1, -2.0, 30.0], [0.0, 1e-4, -0.5]], [0.25, -4.0]],
    [[[-0.3, 1.0, 10.0], [0.0, -2e-4, 0.5]], [0.5, 2.0]],
    [[[0.2, 0.0, -5.0], [1.0, 3e-4, 0.25]], [-1.0, 1.0]],
    [[[0.1, -0.5, 2.5], [-1.0, 1e-4, 0.125]], [0.125, -0.5]],
]


def tensors(values):
    return [torch.tensor(v) for v in values]


def lists(values):
    return [v.tolist() for v in values]


def adamw(options, without=()):
    """Return the weights after each step. `without` lists (step, weight) pairs in which a weight has no gradient."""
    weights = [torch.nn.Parameter(w) for w in tensors(START)]
    optimizer = torch.optim.AdamW(weights, **options)
    steps = []
    for step, gradients in enumerate(GRADIENTS):
        for i, (weight, gradient) in enumerate(zip(weights, tensors(gradients))):
            weight.grad = None if (step, i) in without else gradient
        optimizer.step()
        steps.append(lists(w.detach() for w in weights))
    return steps


def clipped(max_norm):
    weights = [torch.nn.Parameter(w) for w in tensors(START)]
    for weight, gradient in zip(weights, tensors(GRADIENTS[0])):
        weight.grad = gradient
    norm = torch.nn.utils.clip_grad_norm_(weights, max_norm)
    return {"maxNorm": max_norm, "norm": norm.item(), "grads": lists(w.grad for w in weights)}


def schedule(make, total, warmup):
    """Return the learning rate of each step, and of three steps after the last."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = make(optimizer, num_warmup_steps=warmup, num_training_steps=total)
    rates = []
    for _ in range(total + 3):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"totalSteps": total, "warmupSteps": warmup, "learningRate": 0.5, "rates": rates}


def soft_update(alpha):
    model = torch.nn.ParameterList(tensors(START))
    target = torch.nn.ParameterList(tensors(GRADIENTS[0]))
    with torch.no_grad():
        SyncRefModelCallback._sync_target_model(model, target, alpha)
    return {"alpha": alpha, "reference": lists(p.detach() for p in target)}


def bema(options):
    """Return the bias-corrected mean after each step, of weights that are START plus the sum of the gradients so far."""
    callback = BEMACallback(**options)
    weights = tensors(START)
    callback.device = "cpu"
    callback.thetat_params = weights
    callback.theta0_params = [w.clone() for w in weights]
    callback.ema_params = [w.clone() for w in weights]
    model = torch.nn.ParameterList([w.clone() for w in weights])
    callback.running_model = model
    updates = []
    for step, gradients in enumerate(GRADIENTS, 1):
        for weight, gradient in zip(weights, tensors(gradients)):
            weight.add_(gradient)
        with torch.no_grad():
            callback._update_bema_weights(step)
        updates.append(lists(p.detach() for p in model))
    return updates


def main():
    adamw_options = [
        {"lr": 0.1},
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.25},
        {"lr": 0.05, "betas": (0.0, 0.5), "weight_decay": 0.0},
    ]
    # A weight that joins later, and one that pauses.
    adamw_without = [[(0, 1), (1, 1)], [(2, 0)]]
    bema_options = [{}, {"ema_power": 0.25, "bias_power": 0.5, "lag": 3, "multiplier": 2.0, "min_ema_multiplier": 0.6}]
    golden = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
        "start": START,
        "gradients": GRADIENTS,
        "adamW": [{"options": options, "steps": adamw(options)} for options in adamw_options],
        "adamWSteps": [{"without": without, "steps": adamw({"lr": 0.1}, without)} for without in adamw_without],
        "clip": [clipped(limit) for limit in (1.0, 31.0, 1e3)],
        "linear": [schedule(transformers.get_linear_schedule_with_warmup, *case) for case in ((10, 3), (4, 0), (5, 5))],
        "cosine": [schedule(transformers.get_cosine_schedule_with_warmup, *case) for case in ((10, 3), (4, 0), (5, 5))],
        "soft": [soft_update(alpha) for alpha in (0.0, 0.6, 1.0)],
        "bema": [{"options": options, "updates": bema(options)} for options in bema_options],
    }
    assert math.isfinite(golden["clip"][0]["norm"])
    TARGET.write_text(json.dumps(golden) + "\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, {SimpleNamespace(**golden['versions'])}")


main()
