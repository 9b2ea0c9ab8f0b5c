"""Plans of transfers whose data is made up: every split has 100 sentences and its name for a fingerprint."""

import json

from ctl.commands.transfer import parse
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Planner, Split

SPLITS = [f"{name}/{split}" for name in ("en", "nl", "de", "es") for split in ("train", "validation", "test", "text")]

GOLD = {"de/gold": Split(100, "de/gold"), "de/few": Split(5, "de/few")}


def planned(*methods, more=(), shared=None, missing=()):
    args = [
        "--backbone", "encoder", "--llm_backbone", "decoder", "--sources", "[en,nl]", "--target", "de", "--methods",
        json.dumps(methods), "--weights", "{en: 1, nl: 1}", "--pretrain_epochs", "1", "--trainer.precision", "32-true",
        "--trainer.accelerator", "cpu", "--data.root", "data", *more,
    ]  # fmt: skip
    transfer = parse(args)
    splits = {name: Split(100, name) for name in SPLITS if name not in missing} | GOLD
    return Plan(transfer.methods, Planner(transfer.settings, "context", splits, shared))
