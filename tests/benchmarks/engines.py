"""Runs one study on every executor, and compares the scores and the weights of all models.

In a Ray cluster of two nodes on this machine, one node is killed in the middle of a stage; jobs are those of submitit's
executor for one machine.

    pip install '.[ray,slurm]'
    python tests/benchmarks/engines.py [--only ray]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # or sums of other orders differ in their last bits

import torch

from ctl.commands.study import parse
from ctl.data.synthetic.family import SyntheticFamily
from ctl.main import main
from ctl.system.console import markdown
from ctl.system.files import fingerprint
from ctl.transfer.stage import Stage

EXECUTORS: dict[str, list[str]] = {
    "local": [],
    "local, two processes": ["--jobs", "2"],
    "ray": ["--executor", "ray"],
    "slurm": ["--executor", "slurm", "--slurm", "{cluster: local, timeout_min: 30}", "--jobs", "2"],
}


def arguments(root: Path, output: Path, *more: str) -> list[str]:
    """A study of two cells whose trainings take a few seconds each."""
    return [
        "--data.root", str(root), "--backbone", str(root / "encoder"), "--languages", "[a2,a3]", "--targets", "[a1]",
        "--subsets.nested", "[1,2]", "--subsets.by", "given", "--seeds", "[0]", "--output", str(output),
        "--methods", "[direct, 'ensemble:uniform', 'student:uniform']", "--teacher_epochs", "6",
        "--student_epochs", "6",
        "--trainer.accelerator", "cpu", *more,
    ]  # fmt: skip


def scores(output: Path) -> list[tuple[str, str, float, str]]:
    """Cell, method, F1 and fingerprint of the weights, of every record."""
    return [
        (path.parent.name, record["method"], record["f1"], record["provenance"]["model"])
        for path in sorted(output.glob("seed0/a1/*/results.json"))
        for record in json.loads(path.read_text())
    ]


def running(output: Path, stages: Sequence[Stage]) -> list[tuple[Stage, int]]:
    """The trainings that have begun and not ended, with the processes that hold their locks."""
    locks = {stage.name: f"{fingerprint(f'{stage.folder} {stage.command}')}.lock" for stage in stages}
    begun = [stage for stage in stages if stage.command == "fit" and stage.has_begun() and not stage.done()]
    signed = [(stage, output / ".locks" / locks[stage.name]) for stage in begun]
    return [(stage, int(lock.read_text().split()[0])) for stage, lock in signed if lock.exists()]


def is_alive(process: int) -> bool:
    """Tells whether a process runs."""
    return Path(f"/proc/{process}").exists()


def lose_a_node(cluster: Any, node: Any, output: Path, stages: Sequence[Stage]) -> None:
    """Kills a node of a cluster when each of its two trains a model, and says which training was lost."""
    while len(before := running(output, stages)) < 2:
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)
    while all(is_alive(process) for _, process in before):
        time.sleep(0.05)
    lost = [stage.title for stage, process in before if not is_alive(process) and not stage.done()]
    print(f"killed a node while it ran: {', '.join(lost) or 'nothing'}", flush=True)


@contextmanager
def two_nodes(output: Path, stages: Sequence[Stage]) -> Iterator[list[str]]:
    """Starts a Ray cluster of two nodes, one of which is lost; gives the options of a study that runs in it."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    node = cluster.add_node(num_cpus=1)
    threading.Thread(target=lose_a_node, args=(cluster, node, output, stages), daemon=True).start()
    yield ["--ray_address", cluster.address]
    cluster.shutdown()


def measure(root: Path, output: Path, name: str) -> tuple[float, list[tuple[str, str, float, str]]]:
    """Runs the study on one executor; gives its seconds, and what it scored."""
    given = arguments(root, output, *EXECUTORS[name])
    nodes = two_nodes(output, parse(given).stages()) if name == "ray" else nullcontext([])
    with nodes as more:
        began = time.perf_counter()
        if status := main(["study", *given, *more]):
            sys.exit(status)
        return time.perf_counter() - began, scores(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="executors beside local, with which they are compared")
    chosen = ["local", *(parser.parse_args().only or list(EXECUTORS)[1:])]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        SyntheticFamily(families=(3, 1), train=400, raw=400, validation=60, test=100, width=32).write(root)
        results = {name: measure(root, Path(folder) / str(number), name) for number, name in enumerate(chosen)}
    same = {name: scored == results["local"][1] for name, (_, scored) in results.items()}
    rows = [[name, f"{results[name][0]:.0f}", "yes" if same[name] else "NO"] for name in chosen]
    print(markdown(["executor", "seconds", "the same scores and weights"], rows))
    sys.exit(not all(same.values()))
