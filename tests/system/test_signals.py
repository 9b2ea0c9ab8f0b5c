"""A command that is told to stop ends in order, and says so."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from processes import Command

from ctl.main import main
from ctl.system.signals import Held, run_stoppable, stoppable


@pytest.mark.parametrize("name", ["SIGINT", "SIGUSR1"])
def test_stopped_once_it_ends_in_order_and_resumes_to_the_same_scores(family, tmp_path, name):
    """SLURM's signal queues the job again as well."""
    (tmp_path / "scontrol").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/queued\n')
    (tmp_path / "scontrol").chmod(0o755)

    def arguments(output):
        return [
            "transfer", "--data.root", str(family), "--backbone", str(family / "encoder"), "--sources", "[a2]",
            "--target", "a1", "--methods", "[direct]", "--output", str(output), "--teacher_epochs", "8",
            "--teacher.lr", "1e-3", "--trainer.accelerator", "cpu",
        ]  # fmt: skip

    assert main(arguments(tmp_path / "unbroken")) == 0
    place = {"SLURM_JOB_ID": "7", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    checkpoint = tmp_path / "run" / "teachers" / "a2" / "checkpoints" / "last.ckpt"
    with Command(*arguments(tmp_path / "run"), environment=place) as run:
        while not checkpoint.exists() and run.poll() is None:
            time.sleep(0.01)
        run.send_signal(getattr(signal, name))
        told = run.stderr.read()
    assert run.returncode == 130 and "weights_only" not in told, told
    assert f"ctl: stopped by {name}" in told and "Traceback" not in told
    assert (tmp_path / "queued").exists() == (name == "SIGUSR1")
    assert main(arguments(tmp_path / "run")) == 0
    (ours,), (its,) = (json.loads((tmp_path / run / "results.json").read_text()) for run in ("unbroken", "run"))
    assert ours["f1"] == its["f1"] > 0 and ours["provenance"]["model"] == its["provenance"]["model"]


def test_a_program_in_this_ones_place_is_given_the_time_to_stop(tmp_path):
    """That of several processes, which may have a large checkpoint to write."""
    program = (
        "import pathlib, signal, sys, time\n"
        "def stop(*_):\n    time.sleep(1)\n    pathlib.Path(sys.argv[1], 'saved').touch()\n    sys.exit(130)\n"
        "signal.signal(signal.SIGINT, stop)\npathlib.Path(sys.argv[1], 'ready').touch()\ntime.sleep(60)\n"
    )

    def interrupt():
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    with stoppable() as stop:
        threading.Thread(target=interrupt).start()
        run_stoppable([sys.executable, "-c", program, str(tmp_path)])
    assert (tmp_path / "saved").exists() and (stop.signal, stop.status) == ("SIGINT", 130)


def test_signals_that_are_held_wait(capsys):
    before = signal.getsignal(signal.SIGTERM)
    held = Held()
    signal.raise_signal(signal.SIGTERM)
    assert held.number == signal.SIGTERM and "saves after this step" in capsys.readouterr().err
    held.release()
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_was_started_ends_with_the_one_that_started_it(tmp_path):
    """Also where that was killed and could pass nothing on: else it would hold its GPU."""
    child = (
        "import os, pathlib, sys, time\nfrom ctl.system.signals import end_with_parent\nend_with_parent()\n"
        "pathlib.Path(sys.argv[1], 'pid').write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    command = f"[sys.executable, '-c', {child!r}, sys.argv[1]]"
    parent = f"import sys\nfrom ctl.system.signals import run_stoppable\nrun_stoppable({command})"
    with subprocess.Popen([sys.executable, "-c", parent, str(tmp_path)]) as process:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        process.kill()
    pid, began = int((tmp_path / "pid").read_text()), time.monotonic()
    while is_running(pid):
        assert time.monotonic() - began < 20
        time.sleep(0.1)


def is_running(pid):
    """Tells whether a process is there and has not ended; an orphan that nobody waits for stays as a zombie."""
    try:
        return "Z" not in open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
