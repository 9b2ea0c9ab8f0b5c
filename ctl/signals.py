"""Being stopped: Ctrl-C, `kill`, and what a cluster sends before it takes the machine back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from ctl.notices import say

INTERRUPTED = 130  # exit status, as shells have it
STOPS = ("SIGINT", "SIGTERM", "SIGUSR1")


class Stop:
    """How a command ended.

    Attributes:
        signal: what stopped it, if anything did.
        status: exit status, 0 or 130.
    """

    def __init__(self) -> None:
        self.signal: str | None = None
        self.status = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal: stops where the command is."""
        self.signal = signal.Signals(number).name
        raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Ends a command at the first SIGINT, SIGTERM or SIGUSR1, in order; in a SLURM job SIGUSR1 also requeues it.

    All that a command writes appears at once, so stopping loses nothing that was there, and training goes on from the
    last whole epoch: unlike a state saved in the middle of one, that gives the very same model as an unbroken run.
    """
    stop = Stop()
    with _stops_go_to(stop):
        try:
            yield stop
        except KeyboardInterrupt:
            _report(stop)
        except SystemExit:  # Lightning turns an interrupt into one
            if stop.signal is None:
                raise
            _report(stop)


@contextmanager
def finishing() -> Iterator[None]:
    """Lets what is being written be finished: a signal that comes meanwhile stops the command afterwards.

    PyTorch's writer takes an interrupt for a failure to write, or ends the process.
    """
    came: list[int] = []
    try:
        with _stops_go_to(lambda number, frame: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _stops_go_to(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Takes the signals that stop a command; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {name: signal.signal(getattr(signal, name), handler) for name in STOPS if hasattr(signal, name)}
    try:
        yield
    finally:
        for name, earlier in before.items():
            signal.signal(getattr(signal, name), earlier)


def _report(stop: Stop) -> None:
    stop.status = INTERRUPTED
    say(f"ctl: stopped by {stop.signal or 'SIGINT'}; what is written is whole, and `ctl transfer` goes on from there")
    job = os.environ.get("SLURM_ARRAY_JOB_ID", os.environ.get("SLURM_JOB_ID"))
    if stop.signal != "SIGUSR1" or job is None or os.environ.get("SLURM_PROCID", "0") != "0":
        return
    if task := os.environ.get("SLURM_ARRAY_TASK_ID"):
        job = f"{job}_{task}"
    with suppress(OSError):
        if subprocess.run(["scontrol", "requeue", job], check=False).returncode == 0:
            say(f"ctl: job {job} is queued again")
