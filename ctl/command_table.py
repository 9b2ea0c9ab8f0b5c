"""The table of commands: where each is, what it does, an example. It is data, so that ``ctl --help`` loads nothing."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command: where its ``main(args)`` is, what it does, and how it is called."""

    module: str
    help: str
    example: str


ONE_STAGE = "One stage (LightningCLI: every Trainer option, `ctl fit --help`)"

COMMANDS = {
    "One language, from sources to scored student": {
        "transfer": Command(
            "ctl.commands.transfer",
            "every stage for one target",
            "ctl transfer --config configs/transfer/quickstart.yaml",
        ),
        "data": Command("ctl.commands.data", "what there is to learn from", "ctl data ROOT --backbone NAME"),
        "sources": Command(
            "ctl.commands.sources",
            "which languages to learn from",
            "ctl sources --target de --data.root DIR --backbone NAME",
        ),
        "import": Command(
            "ctl.commands.imports",
            "soft labels from files of others",
            "ctl import votes.conll --data.root data --language de --as crowd",
        ),
        "review": Command(
            "ctl.commands.review", "sentences for people to label", "ctl review runs/quickstart --sentences 200"
        ),
        "inspect": Command("ctl.commands.inspect", "look at soft labels in a browser", "ctl inspect runs/quickstart"),
    },
    "Many runs": {
        "study": Command(
            "ctl.commands.study", "targets, sets of sources, seeds", "ctl study --config configs/study/quickstart.yaml"
        ),
        "report": Command("ctl.commands.report", "compare them", "ctl report runs/ablation"),
    },
    "A trained model": {
        "tag": Command("ctl.commands.tag", "find the entities of a text", "ctl tag --model runs/quickstart text.txt"),
        "export": Command(
            "ctl.commands.export", "for transformers and ONNX", "ctl export --model runs/quickstart --onnx exported"
        ),
        "serve": Command(
            "ctl.commands.serve", "answer other programs over HTTP", "ctl serve --model runs/quickstart --port 8000"
        ),
    },
    ONE_STAGE: {
        "fit": Command("ctl.cli", "train a teacher or student", "ctl fit --config configs/teacher.yaml"),
        "validate": Command(
            "ctl.cli",
            "score it on source validation",
            "ctl validate --config configs/teacher.yaml --ckpt_path runs/teacher/checkpoints/best.ckpt",
        ),
        "test": Command(
            "ctl.cli",
            "score it on the target",
            "ctl test --config configs/teacher.yaml --ckpt_path runs/teacher/checkpoints/best.ckpt",
        ),
        "predict": Command(
            "ctl.cli",
            "write soft labels or weights",
            "ctl predict --config configs/teacher.yaml --ckpt_path runs/teacher/checkpoints/best.ckpt",
        ),
    },
    "This machine": {
        "doctor": Command("ctl.commands.machine.doctor", "what there is to compute with", "ctl doctor"),
        "completion": Command(
            "ctl.commands.machine.completion", "for bash, zsh or fish", 'eval "$(ctl completion bash)"'
        ),
    },
}

ALL = {name: command for group in COMMANDS.values() for name, command in group.items()}

OPTIONS = """options
  --version     print the version
  --traceback   show where an error came from

exit status
  0 done, 1 something unexpected, 2 a mistake that you can mend, 130 interrupted
"""


def help_text() -> str:
    """Returns the text of ``ctl --help``."""
    lines = [
        "usage: ctl COMMAND [options]",
        "",
        "Train a named-entity tagger for a language without labelled data.",
        "",
    ]
    for heading, commands in COMMANDS.items():
        rows = [f"  {name:11} {command.help:32}  {command.example}" for name, command in commands.items()]
        lines += [heading, *rows, ""]
    return "\n".join([*lines, OPTIONS])
