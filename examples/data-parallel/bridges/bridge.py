"""The bridge between a worker, which is a child process, and an engine of communication. See ../workers/pipes.ts for the protocol."""

import os
import signal
import struct
import subprocess
import sys
import threading
from typing import BinaryIO, Protocol, Sequence

import numpy as np

SUM_FLOAT32, SUM_FLOAT64, MAX_FLOAT64, GATHER, CLOSE = range(5)
HELLO, HEAD, LENGTH = struct.Struct("<II"), struct.Struct("<BQ"), struct.Struct("<Q")


class Engine(Protocol):
    """What a bridge needs of an engine. Every worker calls the same functions in the same order; each waits for all of them."""

    rank: int
    size: int

    def sum(self, values: np.ndarray) -> np.ndarray:
        """The sum over all workers, place by place; every worker gets the same bits."""

    def max(self, values: np.ndarray) -> np.ndarray:
        """The largest value of all workers, place by place."""

    def gather(self, data: bytes) -> list[bytes]:
        """The bytes of every worker, by rank; they may differ in length."""


def run_worker(command: Sequence[str], engine: Engine, cwd: str | None = None) -> int:
    """Runs a worker to its end and returns its exit code, which is not 0 if it ended without the others or they without it."""
    requests, to_bridge = os.pipe()
    to_read, answers = os.pipe()
    env = {**os.environ, "DATA_PARALLEL_PIPES": f"{to_read},{to_bridge}"}
    child = subprocess.Popen(command, cwd=cwd, env=env, pass_fds=(to_read, to_bridge))
    os.close(to_read)
    os.close(to_bridge)
    closed = threading.Event()

    def serve() -> None:
        try:
            with open(requests, "rb") as source, open(answers, "wb") as target:
                answer_requests(source, target, engine, closed)
        except BrokenPipeError:
            pass  # the worker has ended, which its exit code tells
        except Exception as error:  # the engine has lost another worker
            print(f"worker {engine.rank}: {error}", file=sys.stderr, flush=True)
        finally:
            if not closed.is_set():
                child.kill()

    # In a thread, so that the end of the worker is noticed while the engine waits for the others.
    threading.Thread(target=serve, daemon=True).start()
    try:
        code = wait_with_parent(child)
    finally:
        child.kill()  # if this process is told to end
    if code < 0:
        return 128 - code  # ended by a signal, as a shell says it
    return code if closed.is_set() else code or 1


def wait_with_parent(child: subprocess.Popen) -> int:
    """The exit code of the worker. Ends this process if the one that started it has ended: nobody else would."""
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            return child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            pass
    sys.exit("the process that started this bridge has ended")


def answer_requests(source: BinaryIO, target: BinaryIO, engine: Engine, closed: threading.Event) -> None:
    """Answers the requests of a worker until it closes or ends."""
    target.write(HELLO.pack(engine.rank, engine.size))
    target.flush()
    while not closed.is_set():
        head = source.read(HEAD.size)
        if len(head) < HEAD.size:
            return
        operation, length = HEAD.unpack(head)
        data = source.read(length)
        if len(data) < length:
            return
        for answer in answers_to(operation, data, engine):
            target.write(LENGTH.pack(len(answer)))
            target.write(answer)
        if operation == CLOSE:
            closed.set()
        target.flush()


def answers_to(operation: int, data: bytes, engine: Engine) -> list[bytes]:
    if operation == SUM_FLOAT32:
        return [engine.sum(np.frombuffer(data, "<f4")).tobytes()]
    if operation == SUM_FLOAT64:
        return [engine.sum(np.frombuffer(data, "<f8")).tobytes()]
    if operation == MAX_FLOAT64:
        return [engine.max(np.frombuffer(data, "<f8")).tobytes()]
    if operation == GATHER:
        return engine.gather(data)
    if operation == CLOSE:
        engine.gather(b"")  # when all close
        return [b""]
    raise ValueError(f"operation {operation}, expected 0 to {CLOSE}")


def end_on_terminate() -> None:
    """Lets SIGTERM end this process by an exception, so that its worker ends as well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
