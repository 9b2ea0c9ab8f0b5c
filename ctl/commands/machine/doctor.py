"""``ctl doctor``: the command that describes the machine; it asks nothing of the network."""

from __future__ import annotations

import importlib.util
import netrc
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from jsonargparse import ArgumentParser

EXTRAS = {  # module: what needs it
    "onnx": "ctl export --onnx",
    "onnxscript": "ctl export --onnx",
    "onnxruntime": "ctl export --onnx, and ctl tag --model FILE.onnx",
    "bitsandbytes": "4-bit weights of large teachers",
    "flash_attn": "faster attention for long sentences",
    "ipykernel": "the notebooks",
}
SECONDS = 0.5  # for which each matrix product is timed


def make_parser() -> ArgumentParser:
    """Makes the parser of ``ctl doctor``, which has no options."""
    return ArgumentParser(
        exit_on_error=False,
        prog="ctl doctor",
        description="Prints versions, devices, precision, threads, a rate of matrix products, the state of the Hub and "
        "of W&B, and disk space; asks nothing of the network. Example: ctl doctor",
    )


def main(args: Sequence[str]) -> None:
    """Runs ``ctl doctor``."""
    make_parser().parse_args(list(args))
    for name, description in facts():
        print(f"{name:18} {description}")


def facts() -> list[tuple[str, str]]:
    """Lists names of facts and their descriptions."""
    import torch

    from ctl.results import PACKAGES, git_commit, versions

    commit = git_commit()
    return [
        ("ctl", f"{versions()['ctl']}{f', commit {commit}' if commit else ''}, in {Path(__file__).parents[2]}"),
        ("Python", f"{platform.python_version()} on {platform.platform()}"),
        ("packages", ", ".join(f"{name} {version(name)}" for name in (*PACKAGES[1:], "peft", "datasets", "wandb"))),
        ("devices", _devices()),
        ("precision", _precision()),
        ("threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores; OMP_NUM_THREADS {_set('OMP_NUM_THREADS')}"),
        ("matrix products", ", ".join(f"{dtype} {rate(dtype):,.0f} GFLOP/s" for dtype in ("float32", "bfloat16"))),
        ("SLURM", f"job {os.environ['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in os.environ else "no job"),
        ("Hub", _hub()),
        ("W&B", _wandb()),
        ("disk here", _disk(Path())),
        *((f"extra {name}", _extra(name, needs)) for name, needs in EXTRAS.items()),
    ]


def _set(name: str) -> str:
    return os.environ.get(name, "not set")


def _devices() -> str:
    import torch

    if not torch.cuda.is_available():
        return "mps" if torch.backends.mps.is_available() else "cpu alone"
    devices = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return ", ".join(f"cuda:{index} {gpu.name} {gpu.total_memory / 2**30:.0f} GiB" for index, gpu in enumerate(devices))


def _precision() -> str:
    from ctl.system.devices import best_precision

    return f"{best_precision('auto')} where nothing else is set (--trainer.precision)"


def rate(dtype: str, size: int = 1024) -> float:
    """Measures products of two square matrices on the best device, in 10^9 operations a second.

    Args:
        dtype: ``float32``, say.
        size: rows and columns of the matrices.
    """
    import torch

    from ctl.system.devices import best_device

    device = best_device()
    matrix = torch.ones(size, size, dtype=getattr(torch, dtype), device=device)
    matrix @ matrix
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        matrix @ matrix
        count += 1
        if device != "cpu":
            torch.accelerator.synchronize()
    return 2 * size**3 * count / (time.perf_counter() - began) / 1e9


def _hub() -> str:
    from huggingface_hub import constants, get_token

    line = "offline (HF_HUB_OFFLINE)" if constants.HF_HUB_OFFLINE else "online when asked"
    return f"{line}; {'a token' if get_token() else 'no token'}; cache in {constants.HF_HUB_CACHE}"


def _wandb() -> str:
    mode = os.environ.get("WANDB_MODE", "online when a configuration asks for it")
    return f"{mode}; {'a key' if _has_wandb_key() else 'no key (wandb login)'}"


def _has_wandb_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _disk(folder: Path) -> str:
    usage = shutil.disk_usage(folder)
    return f"{usage.free / 2**30:,.0f} of {usage.total / 2**30:,.0f} GiB free in {folder.resolve()}"


def _extra(name: str, needs: str) -> str:
    if name in sys.modules or importlib.util.find_spec(name) is not None:
        return "there"
    return f"not installed ({needs})"
