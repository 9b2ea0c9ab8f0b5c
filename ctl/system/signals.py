"""Stopping in order: Ctrl-C, `kill`, and the signal that a cluster sends before it takes the machine back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

from ctl.system.console import say

INTERRUPTED = 130  # exit status of what Ctrl-C stopped, in every shell
GO_ON = "; what is written is whole: `ctl transfer` goes on from there, `ctl fit` with --ckpt_path last"
ENDS_WITH_PARENT = "CTL_ENDS_WITH_PARENT"  # in the environment of what `run_stoppable` starts, and of its children
STOPS = ("SIGINT", "SIGTERM", "SIGUSR1")


class Stop:
    """The end of the command that runs.

    Attributes:
        advice: what is added to the message that it was stopped.
        signal: what stopped it, if anything did.
        status: exit status, 0 or 130.
    """

    def __init__(self, advice: str) -> None:
        self.advice = advice
        self.signal: str | None = None
        self.status = 0

    def __call__(self, number: int, frame: FrameType | None = None) -> None:
        """Takes a signal: stops where the command is."""
        self.signal = signal.Signals(number).name
        raise KeyboardInterrupt


_command: Stop | None = None  # the one that runs


@contextmanager
def stoppable(advice: str = GO_ON) -> Iterator[Stop]:
    """Ends a command at the first SIGINT, SIGTERM or SIGUSR1, in order; in a SLURM job SIGUSR1 also requeues it.

    All that a command writes appears at once, so stopping loses nothing that was there; training first saves its state
    (`ctl.callbacks.saving.SaveLast`).

    Args:
        advice: what is added to the message that it was stopped.
    """
    global _command
    stop = _command = Stop(advice)
    with _stops_go_to(stop):
        try:
            yield stop
        except KeyboardInterrupt:
            _report(stop)
        except SystemExit:  # Lightning turns an interrupt into one
            if stop.signal is None:
                raise
            _report(stop)
        finally:
            _command = None


class Held:
    """Signals that wait for a good place to stop at; a second Ctrl-C does not wait.

    Attributes:
        number: of the signal that came; 0 while none has.
    """

    def __init__(self) -> None:
        self.number = 0
        self._stack = ExitStack()
        self._stack.enter_context(_stops_go_to(self))

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal."""
        if self.number and number == signal.SIGINT:
            self.stop(number)
        if not self.number:
            self.number = number
            with suppress(RuntimeError, OSError):  # in the middle of a line, or nobody is there to read it
                _say_on_each_machine(
                    "saves after this step, or after the validation that runs, and stops; Ctrl-C does it at once"
                )

    def release(self) -> None:
        """Lets signals do what they did before."""
        self._stack.close()

    def stop(self, number: int) -> None:
        """Stops the command by the signal that came here, or by this one, which came to another process."""
        self.release()
        _stop(self.number or number)


def run_stoppable(command: Sequence[str]) -> int:
    """Runs a program, passes on the signals that would stop this one, and returns its exit status."""
    numbers: list[int] = []
    environment = {**os.environ, ENDS_WITH_PARENT: "1"}
    with subprocess.Popen(command, start_new_session=True, env=environment) as process:  # or Ctrl-C reaches it twice

        def pass_on(number: int, frame: FrameType | None) -> None:
            numbers.append(number)
            process.send_signal(number)

        with _stops_go_to(pass_on):
            status = process.wait()
    if status == INTERRUPTED:
        _stop(numbers[0] if numbers else signal.SIGINT)
    return status


def end_with_parent() -> None:
    """Ends this process in order when the one that started it is gone: killed, say, with no time to pass that on."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()


@contextmanager
def finishing() -> Iterator[None]:
    """Lets what is being written be finished: a signal that comes meanwhile stops the command afterwards.

    PyTorch's writer takes an interrupt for a failure to write, or ends the process.
    """
    numbers: list[int] = []
    try:
        with _stops_go_to(lambda number, frame: numbers.append(number)):
            yield
    finally:
        if numbers:
            signal.raise_signal(numbers[0])


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


def _stop(number: int) -> None:
    """Stops the command, past Lightning's handlers, which would try to reach the other processes."""
    if _command is not None:
        _command(number)
    signal.raise_signal(number)


def _say_on_each_machine(message: str) -> None:
    """Says a line in the first process of each machine."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        say(f"ctl: {message}")


def _report(stop: Stop) -> None:
    stop.status = INTERRUPTED
    _say_on_each_machine(f"stopped by {stop.signal or 'SIGINT'}{stop.advice}")
    job = os.environ.get("SLURM_ARRAY_JOB_ID", os.environ.get("SLURM_JOB_ID"))
    if stop.signal != "SIGUSR1" or job is None or os.environ.get("SLURM_PROCID", "0") != "0":
        return
    if task := os.environ.get("SLURM_ARRAY_TASK_ID"):
        job = f"{job}_{task}"
    with suppress(OSError):
        if subprocess.run(["scontrol", "requeue", job], check=False).returncode == 0:
            say(f"ctl: job {job} is queued again")
