"""Labels of K teachers of one backbone, which one process predicts together, and K processes one by one.

Makes an encoder of XLM-R base's width with random weights beside a tokenizer of its vocabulary, and K teachers that
hold those rows of the word embedding which their text reads, as a transfer keeps them.

    python tests/benchmarks/many_teachers.py --tokenizer ../shared/tokenizers/xlm-r --data ../shared/data/wikiann
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
from shapes import write_model
from trimming import Watch

TYPES = ("PER", "ORG", "LOC")


def write_teacher(encoder: Path, path: Path, source: str, rows: int, seed: int) -> None:
    """Writes a teacher of random rows, with random numbers of its own in the classifier."""
    import torch

    from ctl.backbones.rows import trim
    from ctl.modules import Teacher

    torch.manual_seed(seed)
    teacher = Teacher(backbone=str(encoder), types=TYPES)
    teacher.configure_model()
    trim(teacher.backbone_model, torch.randperm(teacher.backbone_model.config.vocab_size)[:rows])
    teacher.sources = (source,)
    checkpoint = {"hyper_parameters": dict(teacher.hparams), "state_dict": dict(teacher.state_dict())}
    weights = dict(checkpoint["state_dict"])
    teacher.on_save_checkpoint(checkpoint)
    assert teacher.rows is not None
    checkpoint["ctl"]["block"] = teacher.rows.facts()
    torch.save({**checkpoint, "state_dict": weights}, path)


def label(options: argparse.Namespace, teachers: list[Path], encoder: Path, output: Path) -> None:
    """Labels, and prints the processor's seconds and the peak of private memory in GiB."""
    from ctl.main import main

    watch = Watch()
    status = main([
        "predict", "--model", "Ensemble", "--model.teachers", json.dumps([*map(str, teachers)]),
        "--model.write", "each",
        "--data.root", str(options.data), "--data.backbone", str(encoder), "--data.sources", "[]",
        "--data.target", options.target, "--data.limit", str(options.sentences), "--data.predict_splits", "[test]",
        "--trainer.default_root_dir", str(output), "--trainer.accelerator", "cpu", "--trainer.logger", "false",
        "--trainer.enable_progress_bar", "false",
    ])  # fmt: skip
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, watch.peak]))
    sys.exit(status)


def main() -> None:
    """Prints a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="ROOT/<language>/test.txt")
    parser.add_argument("--target", default="de")
    parser.add_argument("--teachers", type=int, default=6)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rows", type=int, default=16_000, help="of the word embedding that a teacher has trained")
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        encoder, output, *teachers = map(Path, given.child)
        label(given, teachers, encoder, output)
    from ctl.backbones.loading import load_tokenizer
    from ctl.system.console import markdown

    lines = []
    with tempfile.TemporaryDirectory() as folder:
        encoder = Path(folder) / "encoder"
        tokenizer = load_tokenizer(str(given.tokenizer))
        write_model(encoder, "xlmr-base", tokenizer, num_hidden_layers=given.layers)
        teachers = [Path(folder) / f"{number}.ckpt" for number in range(given.teachers)]
        for number, path in enumerate(teachers):
            write_teacher(encoder, path, f"s{number}", given.rows, number)
        for some in (teachers[:1], teachers):
            child = [sys.executable, *sys.argv, "--child", str(encoder), f"{folder}/out", *map(str, some)]
            output = subprocess.run(child, stdout=subprocess.PIPE, text=True, check=True).stdout
            seconds, peak = json.loads(output.splitlines()[-1])
            lines.append([str(len(some)), f"{seconds:.1f}", f"{peak:.2f}"])
    print(markdown(["teachers in one process", "CPU s", "private GiB"], lines))


if __name__ == "__main__":
    main()
