"""Starts workers as Ray actors; they exchange data through an actor that meets them all.

python examples/data-parallel/bridges/ray_actors.py --workers 2 node --import tsx examples/data-parallel/main.ts --loss kto

On a cluster (RAY_ADDRESS), every node needs this folder and Node.js under the same path.
"""

import argparse
import asyncio
import os
import sys
from typing import Sequence

import numpy as np
import ray

from bridge import run_worker


@ray.remote
class Meeting:
    """Gives every worker what all of them bring, once all have come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.brought: dict[int, object] = {}
        self.complete = asyncio.Event()

    async def exchange(self, rank: int, value: object, operation: str) -> object:
        brought, complete = self.brought, self.complete
        brought[rank] = value
        if len(brought) == self.size:
            self.brought, self.complete = {}, asyncio.Event()  # of the next exchange
            values = [brought[worker] for worker in range(self.size)]
            self.result = combine(operation, values)
            complete.set()
        await complete.wait()
        return self.result


def combine(operation: str, values: list) -> object:
    """The same for every worker, in the order of ranks, so that every worker gets the same bits."""
    if operation == "gather":
        return values
    total = values[0].copy()
    for value in values[1:]:
        (np.add if operation == "sum" else np.maximum)(total, value, out=total)
    return total


class AtMeeting:
    def __init__(self, rank: int, size: int, meeting: ray.actor.ActorHandle) -> None:
        self.rank = rank
        self.size = size
        self._meeting = meeting

    def sum(self, values: np.ndarray) -> np.ndarray:
        return self._exchange(values, "sum")

    def max(self, values: np.ndarray) -> np.ndarray:
        return self._exchange(values, "max")

    def gather(self, data: bytes) -> list[bytes]:
        return self._exchange(data, "gather")

    def _exchange(self, value: object, operation: str) -> object:
        return ray.get(self._meeting.exchange.remote(self.rank, value, operation))


@ray.remote(scheduling_strategy="SPREAD")
class Bridge:
    def run(self, command: Sequence[str], rank: int, size: int, meeting: ray.actor.ActorHandle, cwd: str) -> int:
        return run_worker(command, AtMeeting(rank, size, meeting), cwd)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    size = args.workers
    ray.init()
    meeting = Meeting.remote(size)
    bridges = [Bridge.remote() for _ in range(size)]
    running = [bridge.run.remote(args.command, rank, size, meeting, os.getcwd()) for rank, bridge in enumerate(bridges)]
    rank_of = {run: rank for rank, run in enumerate(running)}
    while running:
        [done], running = ray.wait(running)
        try:
            code = ray.get(done)
        except ray.exceptions.RayError as error:
            code = 1
            print(f"worker {rank_of[done]}: {error}", file=sys.stderr)
        if code != 0:  # the others wait for this one, and end with Ray
            print(f"worker {rank_of[done]} has ended with code {code}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
