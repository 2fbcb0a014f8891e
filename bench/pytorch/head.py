"""The log-prob head in PyTorch on the CPU: the routes that prefloss is compared with.

    head.py --workload logProbs|dpo --shape B T V --threads N               serves timed runs, see `serve`
    head.py --workload logProbs|dpo --shape B T V --threads N --peak ROUTE  prints the peak of resident memory of one run
    head.py --versions                                                      prints the versions of Python and PyTorch

Inputs and values equal those of ../../tools/hashed.ts and ../workloads.ts.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

BETA = 0.1
# Small enough that freed memory does not stay resident.
CHUNK = 1 << 14


def selective_log_softmax(logits, labels):
    """The float32 route of `selective_log_softmax` in TRL 1.16, trl/trainer/utils.py: a logsumexp per row of the batch."""
    selected = torch.gather(logits, -1, labels.unsqueeze(-1)).squeeze(-1)
    return selected - torch.stack([torch.logsumexp(row, -1) for row in logits])


def log_softmax_gather(logits, labels):
    return torch.gather(F.log_softmax(logits, -1), -1, labels.unsqueeze(-1)).squeeze(-1)


ROUTES = {"selectiveLogSoftmax": selective_log_softmax, "logSoftmaxGather": log_softmax_gather}


def hashed(size, seed):
    """The numbers of `hashed` in ../../tools/hashed.ts, computed in chunks so that little more than the result is in memory."""
    values = torch.empty(size)
    for start in range(0, size, CHUNK):
        h = np.arange(start, min(start + CHUNK, size), dtype=np.uint32)
        h += np.uint32(seed * 0x9E3779B1 % 2**32)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
        chunk = (h >> np.uint32(8)).astype(np.float32) / np.float32(2**23) - np.float32(1)
        values[start : start + len(chunk)] = torch.from_numpy(chunk)
    return values


def make_inputs(workload, shape):
    batch, tokens, vocabulary = shape
    logits = hashed(batch * tokens * vocabulary, 1).mul_(4).reshape(shape).requires_grad_()
    labels = (torch.arange(batch * tokens) * 7919 % vocabulary).reshape(batch, tokens)
    if workload == "logProbs":
        return logits, labels, hashed(batch * tokens, 2).reshape(batch, tokens)
    # The weights are a mask here: the first quarter of the tokens is the prompt.
    return logits, labels, (torch.arange(tokens) >= tokens // 4).float().expand(batch, tokens)


def value_of(workload, logps, weights):
    sums = (logps * weights).sum(-1)
    if workload == "logProbs":
        return sums.sum()
    # The reference log-prob is the same on both sides and cancels.
    reference = torch.full_like(sums, -500)
    chosen, rejected = (sums - reference).chunk(2)
    return -F.logsigmoid(BETA * (chosen - rejected)).mean()


def value_and_grad(route, workload, inputs):
    logits, labels, weights = inputs
    value = value_of(workload, ROUTES[route](logits, labels), weights)
    (grad,) = torch.autograd.grad(value, logits)
    return value.item(), grad


def timed(route, workload, inputs):
    """Milliseconds of a forward and a backward pass, including the release of the gradient."""
    start = time.perf_counter()
    value_and_grad(route, workload, inputs)
    return 1000 * (time.perf_counter() - start)


def memory(field):
    """Bytes that Linux reports for this process: VmRSS is the current resident memory, VmHWM its peak."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return 1024 * int(line.split()[1])


def peak(route, workload, shape):
    """Peak resident memory during one run, beyond the memory with the logits in place."""
    # The first run loads code that later runs share.
    value_and_grad(route, workload, make_inputs(workload, [2, 4, 16]))
    inputs = make_inputs(workload, shape)
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    before = memory("VmRSS")
    value_and_grad(route, workload, inputs)
    return memory("VmHWM") - before


def answer(value):
    print(json.dumps(value), flush=True)


def serve(workload, shape):
    """Prints the value of each route, then, for each route name read from a line, the milliseconds of one run."""
    inputs = make_inputs(workload, shape)
    answer({route: value_and_grad(route, workload, inputs)[0] for route in ROUTES})
    for line in sys.stdin:
        answer(timed(line.strip(), workload, inputs))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--workload", choices=["logProbs", "dpo"])
    parser.add_argument("--shape", type=int, nargs=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--peak", choices=ROUTES)
    given = parser.parse_args()
    if given.versions:
        answer({"python": platform.python_version(), "torch": torch.__version__})
        return
    torch.set_num_threads(given.threads)
    if given.peak:
        answer(peak(given.peak, given.workload, given.shape))
    else:
        serve(given.workload, given.shape)


if __name__ == "__main__":
    main()
