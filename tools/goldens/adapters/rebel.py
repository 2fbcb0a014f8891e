"""ZhaolinGao/REBEL: the authors' own code. The loss stands in their training loop and in their evaluation, a function."""

import contextlib
from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib.pairs import POLICY
from lib.slicing import extract
from lib.stubs import FixedOutput
from lib.tensors import row_by_row, variable

REBEL = "rebel"
PATH = "src/ultrafeedback_largebatch/rebel.py"
FUNCTION = (
    f"{PATH} evaluate (stub policy), with gradients and without the 1e-7 on the temperature, one call per pair; each sum is "
    "the log-prob of one token of two"
)


def rebel(options, fields):
    """REBEL's squared difference."""
    names = dict(F=F, tqdm=lambda x: x, first_true_indices=lambda x: torch.ones(len(x), dtype=torch.long))
    names["torch"] = SimpleNamespace(**{k: getattr(torch, k) for k in ("arange", "cat", "gather", "masked_fill")})
    names["torch"].no_grad = contextlib.nullcontext
    evaluate = extract(REBEL, PATH, "evaluate", names, ((" + 1e-7", ""),))
    args = SimpleNamespace(
        task=SimpleNamespace(maxlen=1, maxlen_prompt=1, temperature=1.0),
        rebel=SimpleNamespace(eta=options["eta"]),
        per_device_eval_batch_size=1,
    )
    tokenizer = SimpleNamespace(pad_token_id=9, eos_token_id=8)
    token = torch.zeros(1, 1, dtype=torch.long)

    def one_pair(chosen, rejected, reference_chosen, reference_rejected, chosen_reward, rejected_reward):
        logps = torch.stack([chosen, rejected])
        policy = FixedOutput(logits=F.pad(torch.stack([logps, torch.log(-torch.expm1(logps))], -1), (0, 0, 0, 1)))
        policy.device = "cpu"
        row = dict(
            llama_prompt_tokens=token,
            llama_chosen_tokens=token,
            llama_reject_tokens=token,
            chosen_logprob=reference_chosen,
            reject_logprob=reference_rejected,
            chosen_reward=chosen_reward,
            reject_reward=rejected_reward,
        )
        return evaluate(args, policy, tokenizer, [row])["val_loss"]

    wanted = (*POLICY, "chosenRewards", "rejectedRewards")
    chosen, rejected, *reference = pair_tensors(fields)
    rewards = [variable(fields[k]) for k in wanted[2:]]
    losses = row_by_row(one_pair, chosen, rejected, *reference, *rewards)
    return result(losses, wanted, [chosen, rejected, *rewards])
