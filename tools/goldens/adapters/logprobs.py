"""Token and sequence log-probs of TRL, eric-mitchell, HALOs, Liger and OpenRLHF, from logits and next-token labels.

Some originals shift the labels themselves. They get one more position, a label in front and a row of logits at the
end, which their shift drops again.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from lib.slicing import extract
from lib.tensors import constant, variable

TO_FLOAT64 = ((".float()", ".double()"), ("torch.float32", "torch.float64"))
IGNORED = -100

FUNCTIONS = {
    "trl-1.16.0": (
        "trl/experimental/cpo/cpo_trainer.py CPOTrainer.get_batch_logps (sum, mean) over trl/trainer/utils.py "
        "selective_log_softmax (perToken)"
    ),
    "eric-mitchell": "trainers.py _get_batch_logps (sum, mean)",
    "halos": "train/trainers.py BasicTrainer.get_batch_logps (perToken), .float() replaced by .double()",
    "liger-0.8.5": (
        "liger_kernel/chunked_loss/fused_linear_preference.py LigerFusedLinearPreferenceBase.chunk_forward (sum, mean; "
        "weight = identity), .float() replaced by .double()"
    ),
    "openrlhf-0.11.2": "openrlhf/models/utils.py log_probs_from_logits and _logsumexp_by_chunk (perToken)",
}


def unshifted(logits: torch.Tensor, labels: torch.Tensor) -> tuple:
    """Append a row of zero logits and prepend an ignored label."""
    return F.pad(logits, (0, 0, 0, 1)), F.pad(labels, (1, 0), value=IGNORED)


def _masked(per_token, labels):
    return per_token.detach().numpy() * (labels.numpy() != IGNORED)


def _sequence_outputs(function, logits, labels) -> dict:
    """Return sum, mean and both gradients of `function(logits, labels, average)`.

    The mean of an empty row is 0/0 in the originals, and its gradient would spread NaN over the batch. The gradient of
    the mean is therefore taken over the other rows only, and is 0 in empty rows.
    """
    outputs, grads = {}, {}
    labels = torch.tensor(labels)
    filled = (labels != IGNORED).any(-1)
    for name, average in (("sum", False), ("mean", True)):
        outputs[name] = function(constant(logits), labels, average).numpy()
        x = variable(logits)
        keep = filled if average else torch.ones_like(filled)
        rows = torch.stack([function(x[i : i + 1], labels[i : i + 1], average)[0] for i in np.flatnonzero(keep)])
        grads[name] = torch.autograd.grad(rows.sum(), x)[0].numpy()
    return dict(outputs, grads=grads)


def _selective_log_softmax():
    names = dict(torch=torch, F=F, is_triton_available=lambda: False)
    return extract("trl-1.16.0", "trl/trainer/utils.py", "selective_log_softmax", names)


def trl(logits, labels) -> dict:
    """TRL's log-probs per token, sums and means."""
    selective = _selective_log_softmax()
    path = "trl/experimental/cpo/cpo_trainer.py"
    names = dict(torch=torch, selective_log_softmax=selective)
    get_batch_logps = extract("trl-1.16.0", path, "CPOTrainer.get_batch_logps", names)
    ids = torch.tensor(labels)
    per_token = selective(constant(logits), ids.clamp(min=0))

    def sequence(x, y, average):
        return get_batch_logps(*unshifted(x, y), average_log_prob=average)

    return dict(perToken=_masked(per_token, ids), **_sequence_outputs(sequence, logits, labels))


def eric_mitchell(logits, labels) -> dict:
    """The DPO authors' sums and means."""
    get_batch_logps = extract("eric-mitchell", "trainers.py", "_get_batch_logps", dict(torch=torch))

    def sequence(x, y, average):
        return get_batch_logps(*unshifted(x, y), average_log_prob=average)

    return _sequence_outputs(sequence, logits, labels)


def halos(logits, labels) -> dict:
    """HALOs' token log-probs."""
    names = dict(torch=torch, F=F)
    function = extract("halos", "train/trainers.py", "BasicTrainer.get_batch_logps", names, TO_FLOAT64[:1])
    ids = torch.tensor(labels)
    return dict(perToken=_masked(function(None, *unshifted(constant(logits), ids)), ids))


def liger(logits, labels) -> dict:
    """Liger's sums and means, with the identity as the weight of its fused linear layer."""
    path = "liger_kernel/chunked_loss/fused_linear_preference.py"
    name = "LigerFusedLinearPreferenceBase.chunk_forward"
    chunk_forward = extract("liger-0.8.5", path, name, dict(torch=torch, F=F), TO_FLOAT64[:1])

    def sequence(x, y, average):
        # It takes chosen rows first, then as many rejected rows, so every row is passed twice.
        both = torch.cat([x, x]), torch.eye(x.shape[-1]), torch.cat([y, y])
        return chunk_forward(*both, compute_nll_loss=False, average_log_prob=average)[0]

    return _sequence_outputs(sequence, logits, labels)


def openrlhf(logits, labels) -> dict:
    """OpenRLHF's token log-probs, in the code path without flash-attn."""
    path = "openrlhf/models/utils.py"
    names = dict(torch=torch, F=F)
    extract("openrlhf-0.11.2", path, "_logsumexp_by_chunk", names)
    function = extract("openrlhf-0.11.2", path, "log_probs_from_logits", names)
    ids = torch.tensor(labels)
    return dict(perToken=_masked(function(constant(logits), ids.clamp(min=0)), ids))


def trl_fused_outputs(logits, labels) -> dict:
    """Return per-token outputs of TRL's fused head (log-probs, entropy, mean logit, ...), 0 at ignored positions.

    The hidden states are the logits and the head is the identity; in its text, float32 is replaced by float64.
    """
    path = "trl/kernels/chunked_logprob.py"
    outputs = ("entropy", "log_sum_sq_probs", "mean_logits", "is_top1")
    names = dict(
        torch=torch,
        math=math,
        TOKEN_CHUNK_SIZE=4096,
        OPTIONAL_OUTPUTS=outputs,
        _BLOCK_SIZE=1024,
        _use_triton=lambda _device: False,
    )
    extract("trl-1.16.0", path, "_torch_transform", names)
    extract("trl-1.16.0", path, "_forward_tile", names, TO_FLOAT64[:1])
    function = extract("trl-1.16.0", path, "ChunkedLogProbFunction", names, TO_FLOAT64)
    ids = torch.tensor(labels)
    vocabulary = logits.shape[-1]
    hidden = constant(logits).reshape(-1, vocabulary)
    targets = ids.clamp(min=0).reshape(-1)
    with torch.no_grad():
        values = function.apply(hidden, torch.eye(vocabulary), None, targets, 1.0, vocabulary, None, 1.0, outputs)
    ignored = ids == IGNORED
    masked = [v.reshape(ids.shape).masked_fill(ignored, 0) for v in values]
    return dict(zip(("log_probs", *outputs), masked))
