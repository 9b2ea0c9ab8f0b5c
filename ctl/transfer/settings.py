"""What ``ctl transfer`` and ``ctl study`` are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, Literal

from jsonargparse import ArgumentParser, Namespace
from lightning.pytorch import Trainer

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import METHODS_HELP, Method
from ctl.modules import Adaptation, Adversary, LanguageIdentifier, Neighbours, Student, Teacher
from ctl.modules.tagger import Tagger
from ctl.system.devices import best_precision
from ctl.weighting import order_weights

FAST = 2000  # sentences of every split with --fast

# Adapters start at zero and are few, so they bear, and need, ten times the rate of a whole model.
LLM_TEACHER = {"llm_teacher.lora_rank": 16, "llm_teacher.lr": 2e-4, "llm_teacher.attention": "full"}


def add_settings(parser: ArgumentParser) -> None:
    """Adds the options that a study has as well."""
    parser.add_argument("--backbone", type=str, required=True, help="Encoder: Hub name or folder.")
    parser.add_argument(
        "--llm_backbone", type=str | None, default=None, help="Decoder for teachers, a causal LM: Hub name or folder."
    )
    parser.add_argument("--methods", type=list[str] | None, default=None, help=METHODS_HELP)
    parser.add_argument("--fast", action="store_true", help=f"Take only the first {FAST} sentences of every split.")
    parser.add_argument("--teacher_epochs", type=int, default=3, help="Most epochs of every teacher.")
    parser.add_argument("--llm_teacher_epochs", type=int, default=3, help="Most epochs of every decoder teacher.")
    parser.add_argument("--student_epochs", type=int, default=3, help="Epochs of every student.")
    parser.add_argument("--adapt_epochs", type=int, default=3, help="Epochs on raw target text for +adapted.")
    parser.add_argument(
        "--pretrain_epochs",
        type=int,
        default=0,
        help="Epochs in which the encoder first reads raw text; 0 where it was pre-trained.",
    )
    parser.add_argument("--llm_pretrain_epochs", type=int, default=0, help="The same for the decoder.")
    parser.add_argument(
        "--pretrain_languages",
        type=list[str] | None,
        default=None,
        help="Whose text that is; by default the sources' and the target's.",
    )
    parser.add_argument(
        "--weights", type=dict[str, float] | None, default=None, help="By source, for the weighting `fixed`."
    )
    parser.add_argument(
        "--select_on",
        type=Literal["source_validation", "last"],
        default="source_validation",
        help="Which state of a teacher is taken: the best on source validation, or the last, as in the paper.",
    )
    parser.add_argument("--patience", type=int, default=3, help="Epochs without a better source validation F1.")
    parser.add_argument("--language_id_epochs", type=int, default=10, help="Epochs of the language identifier.")
    parser.add_argument("--language_id_sentences", type=int, default=2000, help="Sentences of each language it reads.")
    own = {"sources", "target", "backbone", "soft_labels", "predict_splits", "word_weights", "filter", "text"}
    parser.add_class_arguments(NERDataModule, "data", skip=own)
    tagger = {"backbone", "types", "variant"}
    of_teacher = {"calibrate", *signature(Tagger).parameters}
    for module, section, skip in (
        (Teacher, "teacher", {*tagger, "calibrate"}),
        (Teacher, "llm_teacher", {*tagger, "calibrate"}),
        (Student, "student", tagger),
        (LanguageIdentifier, "language_id", {"backbone", "sources"}),
        (Adversary, "adversary", of_teacher),
        (Neighbours, "neighbours", {"student", "soft_labels"}),
        (Adaptation, "adapt", {"backbone"}),
        (Adaptation, "llm_adapt", {"backbone", "masked"}),
    ):
        parser.add_class_arguments(module, section, skip=skip, instantiate=False)
    ours = {"callbacks", "default_root_dir", "max_epochs"}
    parser.add_class_arguments(Trainer, "trainer", skip=ours, instantiate=False)
    parser.set_defaults({"trainer.gradient_clip_val": 1.0, **LLM_TEACHER})


def check_weights(methods: Sequence[Method], weights: Mapping[str, float] | None, sources: Sequence[str]) -> None:
    """Stops early where methods want fixed weights and they can't be used.

    Raises:
        CTLError: there are none, or not one for every source.
    """
    if any(method.of == "fixed" for method in methods):
        if weights is None:
            raise CTLError(f"fixed weights need --weights, a number for each of {', '.join(sources)}")
        order_weights(weights, sources, "--weights")


def plain_settings(parsed: Namespace) -> dict[str, Any]:
    """Settings as plain values; sections that a class fills keep only what was given."""
    settings: dict[str, Any] = parsed.as_dict()
    for section in ("data", "trainer"):
        settings[section] = {key: value for key, value in settings[section].items() if value is not None}
    settings["trainer"].setdefault("precision", best_precision(settings["trainer"].get("accelerator", "auto")))
    if parsed.fast:
        settings["data"].setdefault("limit", FAST)
    return settings
