"""What must be run for a set of methods: every stage once, in an order in which they can run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ctl.backbones import fingerprint_backbone
from ctl.methods import OPTIONS, Method
from ctl.modules.adaptation import FOLDER as ADAPTED
from ctl.results import Record, read_records
from ctl.stages import Stage

Settings = Mapping[str, Any]


class Plan:
    """The stages that a set of methods needs.

    Args:
        settings: of ``ctl transfer``.
        methods: what is to be scored.
        context: fingerprint of data, backbone and version, part of every stage's key.
        sentences: how many there are in each split, by ``lang/split``.
    """

    def __init__(
        self, settings: Settings, methods: Sequence[Method], context: str, sentences: Mapping[str, int]
    ) -> None:
        self.settings = settings
        self.sources: list[str] = settings["sources"]
        self.target: str = settings["target"]
        self.output = Path(settings["output"])
        self.context = context
        self.sentences = sentences
        self.stages: dict[tuple[Path, str], Stage] = {}
        self.tests = [self._score(method) for method in methods]

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages.values())

    def __len__(self) -> int:
        return len(self.stages)

    def records(self) -> list[Record]:
        """What the tests that are done have scored, in the order of the methods."""
        return [record for test in self.tests if test.done() for record in read_records(test.folder / "results.json")]

    def collect_counts(self) -> None:
        """Copies the counts of every test sentence to the run's own folder, ``counts/``."""
        for test in self.tests:
            shutil.copytree(test.folder / "counts", self.output / "counts", dirs_exist_ok=True)

    def _score(self, method: Method) -> Stage:
        """Plans the test of a method and what must come before it."""
        match method.kind:
            case "direct":
                return self._test(method, self._teacher([method.of], method, method.family))
            case "pooled":
                return self._test(method, self._teacher(self.sources, method, method.family))
            case "ensemble":
                return self._ensemble(method, "test", "test")
            case _:
                return self._test(method, self._student(method))

    def _test(self, method: Method, trained: Stage) -> Stage:
        return self._add(
            title=f"score {method}",
            folder=self._place(trained),
            command="test",
            model=trained.config["model"],
            data={**trained.config["data"], "target": self.target},
            checkpoint=trained.folder / trained.outputs[0],
            outputs=("results.json",),
            after=(trained,),
            work=self._count(self.target, "test"),
        )

    # Teachers

    def _base(self, method: Method) -> tuple[str, Settings, tuple[Stage, ...]]:
        """Where this method's encoders live, their backbone where it is another, and the stage that makes it."""
        if "adapted" not in method.options:
            return "", {}, ()
        stage = self._adapt("adapted", {}, self.settings["adapt"], self.settings["adapt_epochs"])
        return "adapted/", {"backbone": str(stage.folder / ADAPTED)}, (stage,)

    def _decoder(self, method: Method) -> tuple[str, Settings, tuple[Stage, ...]]:
        """Where this method's decoders live, their backbone, and the stages that make it."""
        home, backbone = "llm/", {"backbone": self.settings["llm_backbone"]}
        before: tuple[Stage, ...] = ()
        adapt, epochs = {**self.settings["llm_adapt"], "masked": 0}, self.settings["llm_adapt_epochs"]
        if epochs:
            before = (self._adapt("llm/read", backbone, adapt, epochs, self.sources),)
        if "adapted" in method.options:
            home = "llm/adapted/"
            base = {"backbone": str(before[0].folder / ADAPTED)} if before else backbone
            before = (self._adapt("llm/adapted", base, adapt, self.settings["adapt_epochs"], after=before),)
        return home, {"backbone": str(before[0].folder / ADAPTED)} if before else backbone, before

    def _adapt(
        self,
        folder: str,
        backbone: Settings,
        adapt: Settings,
        epochs: int,
        sources: Sequence[str] = (),
        after: tuple[Stage, ...] = (),
    ) -> Stage:
        """A backbone's further training on raw text of the target, and of these sources."""
        return self._add(
            title=f"adapt the {'decoder' if backbone else 'backbone'} to {', '.join([*sources, self.target])}",
            folder=folder,
            command="fit",
            model={"class_path": "Adaptation", "init_args": adapt},
            data={"sources": list(sources), "target": self.target, "target_text": True, **backbone},
            trainer={"max_epochs": epochs, "callbacks": self._keep_last(folder), "limit_val_batches": 0},
            outputs=(f"{ADAPTED}/config.json",),
            after=after,
            work=epochs * 5 * sum(self._count(language, "train") for language in (*sources, self.target)),
            of_decoder=bool(backbone),
        )

    def _teacher(self, sources: Sequence[str], method: Method, family: str = "") -> Stage:
        home, backbone, before = self._decoder(method) if family else self._base(method)
        name = home + (f"teachers/{sources[0]}" if len(sources) == 1 else "pooled")
        variant = {"variant": "adapted"} if "adapted" in method.options else {}
        section = "llm_teacher" if family else "teacher"
        epochs = self.settings[f"{section}_epochs"]
        selects = self.settings["select_on"] == "source_validation"
        keep = self._keep_best if selects else self._keep_last
        kind = f"{'adapted ' if variant else ''}{'LLM ' if family else ''}teacher"
        return self._add(
            title=f"train {kind} of {', '.join(sources)}",
            folder=name,
            command="fit",
            model={"class_path": "Teacher", "init_args": {**self.settings[section], **variant}},
            data={"sources": list(sources), **backbone},
            trainer={"max_epochs": epochs, "callbacks": keep(name)},
            outputs=("checkpoints/best.ckpt" if selects else "checkpoints/last.ckpt",),
            after=before,
            work=epochs * sum(3 * self._count(s, "train") + self._count(s, "validation") for s in sources),
            of_decoder=bool(family),
        )

    def _labels(self, source: str, method: Method, family: str) -> Stage:
        """The soft labels of one teacher, for the target's train and test splits."""
        teacher = self._teacher([source], method, family)
        calibrated = "calibrated" in method.options
        model = teacher.config["model"]
        return self._add(
            title=f"{'calibrated ' if calibrated else ''}{'LLM ' if family else ''}teacher of {source} "
            f"labels {self.target}",
            folder=self._place(teacher) + ("/calibrated" if calibrated else ""),
            command="predict",
            model={**model, "init_args": {**model["init_args"], "calibrate": calibrated}},
            data={**teacher.config["data"], "target": self.target, "predict_splits": ["train", "test"]},
            checkpoint=teacher.folder / teacher.outputs[0],
            outputs=("soft_labels/train/manifest.json", "soft_labels/test/manifest.json"),
            after=(teacher,),
            work=self._count(self.target, "train") + self._count(self.target, "test"),
        )

    # Source weights and the mixture

    def _ensemble(self, method: Method, command: str, split: str) -> Stage:
        labels = [self._labels(source, method, family) for family in method.teachers for source in self.sources]
        weights, before = self._weights(method, split)
        mixture = method.ensemble()
        marked = "unanimous" in method.options and command == "predict"
        unanimous = "mark" if marked else "replace" if "replace" in mixture.options else "mix"
        return self._add(
            title=f"{'score' if command == 'test' else 'mix soft labels of'} {mixture}",
            folder=f"ensembles/{mixture.folder}{'+marked' if marked else ''}",
            command=command,
            model={
                "class_path": "Ensemble",
                "init_args": {
                    "teachers": [str(stage.folder / "soft_labels" / split) for stage in labels],
                    "weighting": mixture.of,
                    "weights": weights,
                    "unanimous": unanimous,
                    "variant": "+".join(mixture.options) or None,
                },
            },
            data={"target": self.target, "predict_splits": ["train"]},
            outputs=("results.json",) if command == "test" else ("soft_labels/train/manifest.json",),
            after=(*labels, *before),
            work=0.1 * self._count(self.target, split),
        )

    def _weights(self, method: Method, split: str) -> tuple[Any, tuple[Stage, ...]]:
        """The ensemble's ``weights``, and the stage that writes them where one must."""
        if method.of == "fixed":
            return self.settings["weights"], ()
        if not method.by_similarity:
            return None, ()
        stage = self._similarities(method.per_sentence)
        return str(stage.folder / (f"weights/{split}.safetensors" if method.per_sentence else "weights.json")), (stage,)

    def _similarities(self, of_sentences: bool) -> Stage:
        """Weights by similarity: of the language, from some of its sentences, or of every sentence."""
        name, settings = "language_id", self.settings
        model = {"class_path": "LanguageIdentifier", "init_args": settings["language_id"]}
        some = min(settings["language_id_sentences"], settings["data"].get("limit") or sys.maxsize)
        epochs = settings["language_id_epochs"]
        trained = self._add(
            title="train language identifier",
            folder=name,
            command="fit",
            model=model,
            data={"sources": list(self.sources), "limit": some},
            trainer={"max_epochs": epochs, "callbacks": self._keep_last(name), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            work=(1 + 0.1 * epochs) * sum(min(some, self._count(source, "train")) for source in self.sources),
        )
        splits, limit = (["train", "test"], {}) if of_sentences else (["train"], {"limit": some})
        return self._add(
            title=f"weigh the sources for {'every sentence of ' if of_sentences else ''}{self.target}",
            folder=f"{name}/sentences" if of_sentences else name,
            command="predict",
            model=model,
            data={"sources": list(self.sources), "target": self.target, "predict_splits": splits, **limit},
            checkpoint=trained.folder / trained.outputs[0],
            outputs=("weights/train.safetensors", "weights/test.safetensors") if of_sentences else ("weights.json",),
            after=(trained,),
            work=sum(min(limit.get("limit", sys.maxsize), self._count(self.target, split)) for split in splits),
        )

    # Students

    def _student(self, method: Method) -> Stage:
        _, backbone, _ = self._base(method)
        labels = self._soft_labels(method)
        selected, before = self._selected(method, labels)
        name = f"students/{method.folder}"
        epochs, options = self.settings["student_epochs"], [OPTIONS[option] for option in method.options]
        learning = {key: value for option in options for key, value in option.student.items()}
        reading = {key: value for option in options for key, value in option.data.items()}
        variant = "+".join(method.options) or None
        return self._add(
            title=f"train {method}",
            folder=name,
            command="fit",
            model={"class_path": "Student", "init_args": {**self.settings["student"], **learning, "variant": variant}},
            data={
                "sources": [],
                "target": self.target,
                "soft_labels": str(labels.folder / "soft_labels/train"),
                **backbone,
                **selected,
                **reading,
            },
            trainer={"max_epochs": epochs, "callbacks": self._keep_last(name)},
            outputs=("checkpoints/last.ckpt",),
            after=(labels, *before),
            work=epochs * 3 * self._count(self.target, "train"),
        )

    def _soft_labels(self, method: Method) -> Stage:
        """What a student learns from: the ensemble's soft labels, or those of the student of the round before."""
        earlier = method.before()
        if earlier is None:
            return self._ensemble(method, "predict", "train")
        teacher = self._student(earlier)
        return self._add(
            title=f"{earlier} labels {self.target}",
            folder=self._place(teacher),
            command="predict",
            model=teacher.config["model"],
            data={**teacher.config["data"], "predict_splits": ["train"]},
            checkpoint=teacher.folder / teacher.outputs[0],
            outputs=("soft_labels/train/manifest.json",),
            after=(teacher,),
            work=self._count(self.target, "train"),
        )

    def _selected(self, method: Method, labels: Stage) -> tuple[Settings, tuple[Stage, ...]]:
        """Settings that name the weights of soft labels, and the stage that writes them."""
        if "knn" in method.options:
            stage = self._neighbours(method, labels)
        elif "advpicker" in method.options:
            stage = self._adversary(method)
        else:
            return {}, ()
        return {"word_weights": str(stage.folder / stage.outputs[0])}, (stage,)

    def _neighbours(self, method: Method, labels: Stage) -> Stage:
        student = self._student(method.without("knn", "advpicker", "rounds2", "rounds3"))
        files = {
            "student": str(student.folder / student.outputs[0]),
            "soft_labels": str(labels.folder / "soft_labels/train"),
        }
        return self._add(
            title=f"ask the neighbours of {self.target}'s words",
            folder=f"neighbours/{method.folder}",
            command="predict",
            model={"class_path": "Neighbours", "init_args": {**self.settings["neighbours"], **files}},
            data={**student.config["data"], "predict_splits": ["train"]},
            outputs=("word_weights/train.safetensors",),
            after=(student, labels),
            work=2 * self._count(self.target, "train"),
        )

    def _adversary(self, method: Method) -> Stage:
        home, backbone, before = self._base(method)
        name, epochs = f"{home}adversary", self.settings["teacher_epochs"]
        model = {"class_path": "Adversary", "init_args": {**self.settings["teacher"], **self.settings["adversary"]}}
        data = {"sources": list(self.sources), "target": self.target, "target_text": True, **backbone}
        read = sum(self._count(language, "train") for language in (*self.sources, self.target))
        trained = self._add(
            title="train the adversary",
            folder=name,
            command="fit",
            model=model,
            data=data,
            trainer={"max_epochs": epochs, "callbacks": self._keep_last(name), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            after=before,
            work=epochs * 3 * read,
        )
        return self._add(
            title=f"pick language-independent sentences of {self.target}",
            folder=name,
            command="predict",
            model=model,
            data={**data, "predict_splits": ["train"]},
            checkpoint=trained.folder / trained.outputs[0],
            outputs=("word_weights/train.safetensors",),
            after=(trained,),
            work=self._count(self.target, "train"),
        )

    # What all stages have

    def _add(
        self,
        *,
        title: str,
        folder: str,
        command: str,
        model: Settings,
        data: Settings,
        outputs: tuple[str, ...],
        trainer: Settings | None = None,
        checkpoint: Path | None = None,
        after: tuple[Stage, ...] = (),
        work: float = 0.0,
        of_decoder: bool = False,
    ) -> Stage:
        """Adds a stage, or gives the one that is there already."""
        home = self.output / folder
        config: dict[str, Any] = {
            "seed_everything": self.settings["seed"],
            "trainer": {**self.settings["trainer"], **(trainer or {}), "default_root_dir": str(home)},
            "model": dict(model),
            "data": {**self.settings["data"], "backbone": self.settings["backbone"], **data},
        }
        if checkpoint is not None:
            config["ckpt_path"] = str(checkpoint)
        context = f"{self.context} {self._decoder_fingerprint}" if of_decoder else self.context
        stage = Stage(title, home, command, config, outputs, after, work, context)
        return self.stages.setdefault((home, command), stage)

    @cached_property
    def _decoder_fingerprint(self) -> str:
        return fingerprint_backbone(self.settings["llm_backbone"])

    def _place(self, stage: Stage) -> str:
        return str(stage.folder.relative_to(self.output))

    def _keep_last(self, folder: str) -> list[dict[str, Any]]:
        keep = {"save_top_k": 0, "save_last": True, "save_on_train_epoch_end": True}
        return [callback("ModelCheckpoint", dirpath=str(self.output / folder / "checkpoints"), **keep)]

    def _keep_best(self, folder: str) -> list[dict[str, Any]]:
        monitor = {"monitor": "val/f1", "mode": "max"}
        best = {"filename": "best", "save_last": True, "save_on_train_epoch_end": True, "enable_version_counter": False}
        return [
            callback("ModelCheckpoint", dirpath=str(self.output / folder / "checkpoints"), **best, **monitor),
            callback("EarlyStopping", patience=self.settings["patience"], **monitor),
        ]

    def _count(self, language: str, split: str) -> int:
        return self.sentences[f"{language}/{split}"]


def callback(name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    """A callback as LightningCLI reads it."""
    return {"class_path": name, "init_args": arguments}
