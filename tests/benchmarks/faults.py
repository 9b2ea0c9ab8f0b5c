"""Kills a transfer between artificial languages twenty times, at a random moment of every stage in turn.

Every time, each checkpoint and store that is there must be whole; in the end the scores and the weights of all models
must be those of an unbroken run. As root it then fills a disk and takes the right to write away.

    python tests/benchmarks/faults.py [--kills 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from ctl.data.soft_labels import SoftLabelStore
from ctl.data.synthetic.family import SyntheticFamily
from ctl.system.checkpoints import check_checkpoint

STAGE = re.compile(r"\[ *(\d+)/(\d+)\] (.*) \.\.\.$")


def command(root: Path, output: Path) -> list[str]:
    """A transfer that trains for a few seconds a stage."""
    return [
        sys.executable, "-m", "ctl", "transfer", "--data.root", str(root), "--backbone", str(root / "encoder"),
        "--sources", "[a2,b1]", "--target", "a1", "--output", str(output), "--teacher_epochs", "6",
        "--student_epochs", "6", "--language_id_epochs", "4", "--teacher.lr", "1e-3", "--student.lr", "1e-3",
        "--trainer.accelerator", "cpu",
    ]  # fmt: skip


def finish(root: Path, output: Path) -> str:
    """Runs it to the end; what it said."""
    done = subprocess.run(command(root, output), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"ended with {done.returncode}: {done.stderr}")
    return done.stderr


def scores(output: Path) -> list[tuple[str, float, str]]:
    """Method, F1 and fingerprint of the weights, of every record."""
    records = json.loads((output / "results.json").read_text())
    return [(record["method"], record["f1"], record["provenance"]["model"]) for record in records]


def kill(root: Path, output: Path, stage: int, within: float) -> str:
    """Starts or resumes it, kills it so many seconds into a stage or a later one; the stage's title."""
    title = "after the end"
    with subprocess.Popen(command(root, output), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if (found := STAGE.search(line.strip())) and int(found[1]) >= stage:
                title = f"{found[1]}/{found[2]} {found[3]}"
                time.sleep(within)
                break
        run.send_signal(signal.SIGKILL)
    return title


def whole(output: Path) -> str:
    """Opens everything that is there under its final name."""
    checkpoints = list(output.rglob("*.ckpt"))
    stores = [path.parent for path in output.rglob("manifest.json") if ".partial" not in str(path)]
    for checkpoint in checkpoints:
        check_checkpoint(checkpoint)
    for store in stores:
        SoftLabelStore(store)
    for path in output.rglob("*.json"):
        json.loads(path.read_text())
    return f"{len(checkpoints)} checkpoints and {len(stores)} stores whole"


def full_or_read_only(root: Path, folder: Path, options: str) -> None:
    """Runs it on a disk of its own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        done = subprocess.run(command(root, folder / "run"), capture_output=True, text=True, check=False)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    last = done.stderr.splitlines()[-1]
    verdict = "OK" if done.returncode == 2 and last.startswith("ctl: error: ") else f"FAILED ({done.returncode})"
    print(f"{options}: {verdict}: {last}", flush=True)


def main() -> None:
    """Prints a line for every kill, and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        root, unbroken, broken = (Path(folder) / name for name in ("data", "unbroken", "broken"))
        SyntheticFamily(families=(3, 1), train=400, raw=400, validation=60, test=100, width=32).write(root)
        began = time.perf_counter()
        told = finish(root, unbroken)
        stages = told.count(" ...\n")
        print(f"unbroken: {stages} stages in {time.perf_counter() - began:.0f} s", flush=True)
        for number in range(args.kills):
            stage, within = 1 + number * stages // args.kills, rng.uniform(0, 1.5)
            title = kill(root, broken, stage, within)
            print(f"kill {number + 1:2}: {within:.2f} s into {title}: {whole(broken)}", flush=True)
        finish(root, broken)
        same = scores(broken) == scores(unbroken)
        print(f"{'OK' if same else 'FAILED'}: scores and weights {'are' if same else 'are not'} the unbroken run's")
        if not same:
            print(scores(unbroken), scores(broken), sep="\n")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            full_or_read_only(root, Path(folder) / "full", "size=1m")
            full_or_read_only(root, Path(folder) / "read-only", "ro")
    sys.exit(not same)


if __name__ == "__main__":
    main()
