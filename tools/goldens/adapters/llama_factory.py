"""hiyouga/LLaMA-Factory: DPO mixed with BCO."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract

LLAMA_FACTORY = "llama-factory"
FUNCTION = (
    "src/llamafactory/train/dpo/trainer.py CustomDPOTrainer.compute_preference_loss and bco_loss "
    "(stub self, running mean given, dpo_loss of TRL replaced by -log sigmoid)"
)


def dpo_with_bco(options, fields):
    """DPO and BCO, averaged."""
    path = "src/llamafactory/train/dpo/trainer.py"
    names = dict(torch=torch, F=F)
    compute, bco = [
        extract(LLAMA_FACTORY, path, f"CustomDPOTrainer.{name}", names)
        for name in ("compute_preference_loss", "bco_loss")
    ]
    beta = options["beta"]
    trainer = SimpleNamespace(
        finetuning_args=SimpleNamespace(use_ref_model=True),
        beta=beta,
        bco_gemma=options["weight"],
        running=SimpleNamespace(mean=options["delta"], update=lambda _rewards: None),
        dpo_loss=lambda pw, pl, rw, rl: (-F.logsigmoid(beta * ((pw - rw) - (pl - rl))), None, None),
    )
    trainer.bco_loss = lambda *logps: bco(trainer, *logps)
    tensors = pair_tensors(fields)
    return result(compute(trainer, *tensors)[0], POLICY, tensors)
