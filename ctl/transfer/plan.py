"""What must be run for a set of methods: every stage once, in an order in which they can run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ctl.backbones.loading import fingerprint_backbone
from ctl.methods import OPTIONS, Method
from ctl.modules.adaptation import FOLDER as ADAPTED
from ctl.results import Record, read_records
from ctl.transfer.planner import Settings, Split, callback, subset_name
from ctl.transfer.stage import Stage


class Plan:
    """The stages that a set of methods needs.

    A transfer has all of them in its folder. The cells of a study share what does not depend on all of target and
    sources, in folders below ``shared`` that are named by what it does depend on: ``teachers/en`` and what it says of
    a target, ``teachers/en/de``; ``pooled/en+nl``; ``language_id/en+nl``.

    Args:
        settings: of ``ctl transfer``.
        methods: what is to be scored.
        context: fingerprint of backbone and version, part of every stage's key.
        splits: by ``lang/split``, with ``lang/text`` for a train split as raw text; the fingerprints of those that a
            stage reads are part of its key.
        shared: where the cells of a study have what they share.
        known: stages of other plans, by folder and command, whose keys need not be found again.
    """

    def __init__(
        self,
        settings: Settings,
        methods: Sequence[Method],
        context: str,
        splits: Mapping[str, Split],
        shared: Path | None = None,
        known: dict[tuple[Path, str], Stage] | None = None,
    ) -> None:
        self.settings = settings
        self.sources: list[str] = settings["sources"]
        self.target: str = settings["target"]
        self.output = Path(settings["output"])
        self.context = context
        self.splits = splits
        self.in_study = shared is not None
        self.shared = self.output if shared is None else shared
        self.known = {} if known is None else known
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

    def _backbone(self, method: Method, family: str = "") -> tuple[Path, Settings, tuple[Stage, ...]]:
        """Where this method's encoders or decoders live, their backbone, and the stages that make it from the run's."""
        home, prefix = self.shared / family, f"{family}_" if family else ""
        backbone: Settings = {"backbone": self.settings[f"{prefix}backbone"]}
        languages = self.settings["pretrain_languages"] or [*self.sources, self.target]
        readings = [(home / "pretrained", languages, self.settings[f"{prefix}pretrain_epochs"])]
        if "adapted" in method.options:
            home = home / "adapted" / self._of(self.target)
            readings.append((home, [self.target], self.settings["adapt_epochs"]))
        stages: tuple[Stage, ...] = ()
        for folder, languages, epochs in readings:
            if epochs:
                stages = (self._adapt(folder, family, languages, epochs, backbone, stages),)
                backbone = {"backbone": str(stages[0].folder / ADAPTED)}
        return home, backbone, stages

    def _adapt(
        self,
        folder: Path,
        family: str,
        languages: Sequence[str],
        epochs: int,
        backbone: Settings,
        after: tuple[Stage, ...],
    ) -> Stage:
        """A backbone's training as a language model on raw text of these languages."""
        adapt = {**self.settings["llm_adapt"], "masked": 0} if family else self.settings["adapt"]
        return self._add(
            title=f"the {'decoder' if family else 'encoder'} reads {', '.join(languages)}",
            folder=folder,
            command="fit",
            model={"class_path": "Adaptation", "init_args": adapt},
            data={"sources": [], "text": list(languages), **backbone},
            trainer={"max_epochs": epochs, "callbacks": self._keep_last(folder)},
            outputs=(f"{ADAPTED}/config.json",),
            after=after,
            work=epochs * 4 * sum(self._count(language, "text") for language in languages),
            of_decoder=bool(family),
        )

    def _teacher(self, sources: Sequence[str], method: Method, family: str = "") -> Stage:
        home, backbone, before = self._backbone(method, family)
        one = len(sources) == 1
        name = home / "teachers" / sources[0] if one else home / "pooled" / self._of(subset_name(sources))
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
            folder=self._place(teacher) / ("calibrated" if calibrated else ""),
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
        stage = self.similarities(method.per_sentence)
        return str(stage.folder / (f"weights/{split}.safetensors" if method.per_sentence else "weights.json")), (stage,)

    def similarities(self, of_sentences: bool = False) -> Stage:
        """Weights by similarity: of the language, from some of its sentences, or of every sentence."""
        settings = self.settings
        _, backbone, before = self._backbone(Method("ensemble"))
        name = self.shared / "language_id" / self._of(subset_name(self.sources))
        model = {"class_path": "LanguageIdentifier", "init_args": settings["language_id"]}
        some = min(settings["language_id_sentences"], settings["data"].get("limit") or sys.maxsize)
        epochs = settings["language_id_epochs"]
        trained = self._add(
            title="train language identifier",
            folder=name,
            command="fit",
            model=model,
            data={"sources": list(self.sources), "limit": some, **backbone},
            trainer={"max_epochs": epochs, "callbacks": self._keep_last(name), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            after=before,
            work=(1 + 0.1 * epochs) * sum(min(some, self._count(source, "train")) for source in self.sources),
        )
        splits, limit = (["train", "test"], {}) if of_sentences else (["train"], {"limit": some})
        return self._add(
            title=f"weigh the sources for {'every sentence of ' if of_sentences else ''}{self.target}",
            folder=self._place(trained) / ("sentences" if of_sentences else ""),
            command="predict",
            model=model,
            data={"sources": list(self.sources), "target": self.target, "predict_splits": splits, **limit, **backbone},
            checkpoint=trained.folder / trained.outputs[0],
            outputs=("weights/train.safetensors", "weights/test.safetensors") if of_sentences else ("weights.json",),
            after=(trained,),
            work=sum(min(limit.get("limit", sys.maxsize), self._count(self.target, split)) for split in splits),
        )

    # Students

    def _student(self, method: Method) -> Stage:
        _, backbone, ready = self._backbone(method)
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
            after=(labels, *ready, *before),
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
        _, backbone, before = self._backbone(method)
        name, epochs = f"{'adapted/' if before else ''}adversary", self.settings["teacher_epochs"]
        model = {"class_path": "Adversary", "init_args": {**self.settings["teacher"], **self.settings["adversary"]}}
        data = {"sources": list(self.sources), "target": self.target, "text": [self.target], **backbone}
        read = sum(self._count(source, "train") for source in self.sources) + self._count(self.target, "train")
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
        folder: str | Path,
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
        home = self._home(folder)
        config: dict[str, Any] = {
            "seed_everything": self.settings["seed"],
            "trainer": {**self.settings["trainer"], **(trainer or {}), "default_root_dir": str(home)},
            "model": dict(model),
            "data": {**self.settings["data"], "backbone": self.settings["backbone"], **data},
        }
        if checkpoint is not None:
            config["ckpt_path"] = str(checkpoint)
        read = self._read(command, data) + (self._decoder_fingerprint if of_decoder else "")
        stage = Stage(title, home, command, config, outputs, after, work, read)
        return self.stages.setdefault((home, command), self.known.setdefault((home, command), stage))

    def _read(self, command: str, data: Settings) -> str:
        """Fingerprints of what a stage reads beside its settings and the outputs of other stages."""
        target = data.get("target")
        match command:
            case "fit":
                names = [f"{source}/{split}" for source in data["sources"] for split in ("train", "validation")]
                names += [f"{language}/text" for language in data.get("text", ())]
                names += [f"{target}/train"] if "soft_labels" in data else []
            case "test":
                names = [f"{target}/test"]
            case _:
                names = [f"{target}/{split}" for split in data["predict_splits"]]
        return " ".join([self.context, *(f"{name} {self.splits[name].fingerprint}" for name in names)])

    @cached_property
    def _decoder_fingerprint(self) -> str:
        return f" decoder {fingerprint_backbone(self.settings['llm_backbone'])}"

    def _of(self, *names: str) -> Path:
        """What folders of a study are named by in addition; a transfer has only one of each."""
        return Path(*names) if self.in_study else Path()

    def _place(self, stage: Stage) -> Path:
        """Where a model's answers for the target belong: with the model, where that is of this target alone."""
        return stage.folder if stage.folder.is_relative_to(self.output) else stage.folder / self._of(self.target)

    def _home(self, folder: str | Path) -> Path:
        return folder if isinstance(folder, Path) else self.output / folder

    def _keep_last(self, folder: str | Path) -> list[dict[str, Any]]:
        keep = {
            "save_top_k": 0, "save_last": True, "save_on_train_epoch_end": True, "enable_version_counter": False,
        }  # fmt: skip
        home = self._home(folder) / "checkpoints"
        return [
            callback("ModelCheckpoint", dirpath=str(home), **keep),
            callback("WeightsOnly", path=str(home / "last.ckpt")),
        ]

    def _keep_best(self, folder: str | Path) -> list[dict[str, Any]]:
        monitor = {"monitor": "val/f1", "mode": "max"}
        best = {"filename": "best", "save_last": True, "save_on_train_epoch_end": True, "enable_version_counter": False}
        home = self._home(folder) / "checkpoints"
        return [
            callback("ModelCheckpoint", dirpath=str(home), **best, **monitor),
            callback("EarlyStopping", patience=self.settings["patience"], **monitor),
            callback("WeightsOnly", path=str(home / "best.ckpt")),
        ]

    def _count(self, language: str, split: str) -> int:
        return self.splits[f"{language}/{split}"].sentences
