"""Per-token divergences of TRL's and Liger's fused heads; the hidden states are the logits, the heads the identity."""

import contextlib
import math

import torch
import torch.nn.functional as F

from lib.slicing import extract
from lib.tensors import constant, variable

TO_FLOAT64 = ((".float()", ".double()"), ("torch.float32", "torch.float64"))
FUNCTIONS = {
    "trl-1.16.0": (
        "trl/kernels/chunked_divergence.py ChunkedDivergenceFunction, forward and backward, without Triton; float32 replaced "
        "by float64"
    ),
    "liger-0.8.5": "liger_kernel/chunked_loss/jsd_loss.py LigerFusedLinearJSDFunction.distillation_loss_fn, of one token at a time",
}


def _beta(options) -> float:
    """The weight of the reference, or 0 and 1 for the two KL divergences."""
    return {"forwardKl": 0.0, "reverseKl": 1.0}.get(options["divergence"], options.get("weight"))


def trl(options, fields) -> dict:
    """TRL's divergences, with the gradient of its own backward pass."""
    path = "trl/kernels/chunked_divergence.py"
    names = dict(
        torch=torch,
        math=math,
        TOKEN_CHUNK_SIZE=4096,
        VOCAB_CHUNK_SIZE=3,
        _BLOCK_SIZE=1024,
        _MM_OUT_DTYPE=False,
        _use_triton=lambda _device: False,
        maybe_gather_lm_head_ctx=lambda *_: contextlib.nullcontext(),
    )
    extract("trl-1.16.0", "trl/kernels/chunked_logprob.py", "_torch_transform", names)
    extract("trl-1.16.0", "trl/kernels/chunked_logprob.py", "_addmm_fp32", names, TO_FLOAT64[:1])
    for name in ("_stats_tile", "_jsd_tile", "_backward_tile", "_compute_dtype"):
        extract("trl-1.16.0", path, name, names)
    extract("trl-1.16.0", path, "_project", names, TO_FLOAT64[:1])
    function = extract("trl-1.16.0", path, "ChunkedDivergenceFunction", names, TO_FLOAT64)
    policy, reference = variable(fields["policy"]), constant(fields["reference"])
    head = torch.eye(policy.shape[-1])
    values, _ = function.apply(policy, head, None, reference, head, None, _beta(options))
    return _outputs(values, policy)


def liger(options, fields) -> dict:
    """Liger's divergences."""
    path = "liger_kernel/chunked_loss/jsd_loss.py"
    name = "LigerFusedLinearJSDFunction.distillation_loss_fn"
    loss = extract("liger-0.8.5", path, name, dict(torch=torch, F=F, math=math))
    policy, reference = variable(fields["policy"]), constant(fields["reference"])
    # It returns the sum over the tokens.
    values = torch.stack([loss(policy[i : i + 1], reference[i : i + 1], _beta(options)) for i in range(len(policy))])
    return _outputs(values, policy)


def _outputs(values, policy) -> dict:
    (grad,) = torch.autograd.grad(values.sum(), policy)
    return dict(losses=values.detach().numpy(), grads=dict(policy=grad.numpy()))
