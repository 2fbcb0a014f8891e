"""Starts workers with torchrun; they exchange data through torch.distributed (gloo, on the CPU).

torchrun --nproc-per-node 2 examples/data-parallel/bridges/torchrun.py node --import tsx examples/data-parallel/main.ts --loss kto
"""

import os
import sys

import numpy as np
import torch
import torch.distributed as dist

from bridge import end_on_terminate, run_worker


class Gloo:
    def __init__(self) -> None:
        dist.init_process_group("gloo")  # torchrun sets the addresses
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    def sum(self, values: np.ndarray) -> np.ndarray:
        return self._reduce(values, dist.ReduceOp.SUM)

    def max(self, values: np.ndarray) -> np.ndarray:
        return self._reduce(values, dist.ReduceOp.MAX)

    def gather(self, data: bytes) -> list[bytes]:
        lengths = self._gather(torch.tensor([len(data)]))
        padded = torch.zeros(int(max(lengths)), dtype=torch.uint8)  # gloo gathers equal lengths
        padded[: len(data)] = torch.from_numpy(np.frombuffer(data, np.uint8).copy())
        parts = self._gather(padded) if len(padded) > 0 else [padded] * self.size
        return [part[: int(length)].numpy().tobytes() for part, length in zip(parts, lengths)]

    def _reduce(self, values: np.ndarray, operation: dist.ReduceOp.RedOpType) -> np.ndarray:
        tensor = torch.from_numpy(values.copy())
        if len(values) > 0:
            dist.all_reduce(tensor, operation)
        return tensor.numpy()

    def _gather(self, own: torch.Tensor) -> list[torch.Tensor]:
        parts = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(parts, own)
        return parts


if __name__ == "__main__":
    end_on_terminate()
    code = run_worker(sys.argv[1:], Gloo())
    os._exit(code)  # at once, though gloo may be waiting for other workers
