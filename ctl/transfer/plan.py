"""The stages that must be run for a set of methods: each once, in an order in which they can run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

from ctl.errors import CTLError
from ctl.methods import FEW, OPTIONS, POOLED, SEEDS, WEIGHTINGS, Method
from ctl.modules.adaptation import FOLDER as ADAPTED
from ctl.modules.fine_tuned import FineTuned
from ctl.modules.tagger import Tagger
from ctl.results import Record, read_records
from ctl.transfer.left_out import OF_TEACHERS, LeftOut
from ctl.transfer.planner import Planner, subset_name
from ctl.transfer.settings import Length, Section
from ctl.transfer.stage import Stage
from ctl.transfer.teachers.model import Model
from ctl.transfer.teachers.tagger import ReadyTagger
from ctl.transfer.weighing import Weighing

GOLD = ("equal", "supervised", "few", "few_seed")  # settings of a fit's data that say which gold labels it reads
OF_FEW_SHOT = {"start", *signature(Tagger).parameters, *signature(FineTuned).parameters}  # its arguments
LABELS = "soft_labels/train/"  # of the target's raw text, in the folder of a stage


class Plan:
    """The stages that a set of methods needs.

    A transfer has all of them in its folder. The cells of a study share what does not depend on all of target and
    sources, in shared folders that are named by what it does depend on: ``teachers/en`` and what it says of a target,
    ``teachers/en/de``; ``pooled/en+nl``; ``language_id/en+nl``.

    Args:
        methods: what is to be scored.
        planner: of the transfer; it makes the stages.
    """

    def __init__(self, methods: Sequence[Method], planner: Planner) -> None:
        self.planner = planner
        self.settings = planner.settings
        self.sources = self.settings.sources
        self.target = self.settings.target
        self.tests = [self._score(method) for method in methods] if planner.scored else []
        self.unscored = {} if planner.scored else {str(method): self._label(method) for method in methods}
        self.trials = [self.left_out(method) for method in self._tried(methods)]

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.planner.stages.values())

    def __len__(self) -> int:
        return len(self.planner.stages)

    @property
    def goals(self) -> list[Stage]:
        """The stages whose results are wanted for themselves; all others are there for these."""
        return [*self.tests, *self.unscored.values(), *self.trials]

    def records(self) -> list[Record]:
        """The records of all tests that are done, in the order of the methods, with the settings of the transfer."""
        done = (test for test in self.tests if test.done())
        records = [record for test in done for record in read_records(test.folder / "results.json")]
        for record in records:
            record["provenance"]["transfer"] = self.settings.recorded()
            if silver := [source for source in record["sources"] if source in self.settings.silvered]:
                record["silver"] = silver
            if Method.split(record["method"]).sees_few:
                record["few"] = self.planner.count(self.target, FEW)
        return records

    def collect_counts(self, folder: Path | None = None) -> None:
        """Copies the counts of every test sentence to ``counts/`` of a folder, and curves to ``curves/``.

        Earlier versions wrote no precision-recall curves.

        Args:
            folder: by default the run's own.
        """
        for test in self.tests:
            for name in ("counts", "curves"):
                if (test.folder / name).is_dir():
                    shutil.copytree(test.folder / name, (folder or self.settings.folder) / name, dirs_exist_ok=True)

    def labels_of_text(self) -> list[Path]:
        """The stores of the target's raw text that the stages write."""
        labelling = [s for s in self if s.command == "predict" and s.outputs[0].startswith(LABELS)]
        labels = [stage.output.parent for stage in labelling if stage.config["data"]["target"] == self.target]
        return list(dict.fromkeys(labels))

    def about_unscored(self) -> dict[str, Any]:
        """Says what was trained without being scored; checkpoints of models are given from the run's folder."""
        paths = {name: stage.config.get("ckpt_path") for name, stage in self.unscored.items()}
        home = self.settings.folder
        return {
            "target": self.target,
            "sources": list(self.sources),
            "seed": self.settings.seed,
            "models": {name: Path(path).relative_to(home).as_posix() for name, path in paths.items() if path},
        }

    def _tried(self, methods: Sequence[Method]) -> list[Method]:
        """The methods on whose teachers all weightings are tried: those of +sharp, or all mixtures.

        All are with the setting, and where nothing can be scored: there is no other way to compare weightings.

        Of methods with the same teachers only the first is named.
        """
        mixtures = [m.ensemble() for m in methods if m.kind in ("ensemble", "student") and m.weighting in WEIGHTINGS]
        asked = self.settings.leave_one_out or not (self.planner.scored or self.settings.untagged)
        asked = asked and len(self.sources) > 2
        tried = [method for method in mixtures if asked or method.sharp]
        return list({LeftOut.folder_of(method): method for method in reversed(tried)}.values())

    def _score(self, method: Method) -> Stage:
        """Plans the test of a method and what must come before it."""
        match method.kind:
            case "ensemble" | "seeds":
                return self._ensemble(method, "test", "test")
            case "merged":
                return self._merged(method)
        return self._test(method, self._model(method))

    def _label(self, method: Method) -> Stage:
        """Plans a method's soft labels of the target's text, all that it can give where there is nothing to score on.

        Raises:
            CTLError: it gives none.
        """
        match method.kind:
            case "direct" | "pooled" | "few":
                return self._labels(self._model(method), method)
            case "ensemble" | "seeds":
                return self._ensemble(method, "predict", "train")
            case "student":
                return self._labels_of_student(method)
        raise CTLError(f"method {method} needs a labelled test split of {self.target}, and there is none: leave it out")

    def _model(self, method: Method) -> Model:
        """Plans the training of the one model that a method is."""
        match method.kind:
            case "direct":
                return self._alone(method.of, method)
            case "pooled":
                return Model.of(self._teacher(self.sources, method))
            case "supervised":
                return Model.of(self._supervised(method))
            case "few":
                return Model.of(self._few(method))
        return Model.of(self._student(method))

    def _test(self, method: Method, scored: Model) -> Stage:
        return self.planner.add(
            title=f"score {method}",
            folder=self.planner.folder_for_target(scored.folder),
            command="test",
            model=scored.model,
            data={**_without_gold(scored.data), "target": self.target},
            checkpoint=scored.checkpoint,
            outputs=("results.json",),
            after=scored.after,
            work=self.planner.count(self.target, "test"),
            tagger=scored.tagger,
        )

    # Teachers

    def _backbone(self, family: str = "", adapted: bool = False) -> tuple[Path, str, tuple[Stage, ...]]:
        """The folder of a family's models, the backbone that they start from, and the stages that make it."""
        home, kind = self.planner.shared / family, self.settings.of_family(family)
        backbone, stages = kind.backbone, tuple[Stage, ...]()
        readings = [(home / "pretrained", self.settings.pretraining_languages, kind.pretrain_epochs)]
        if adapted:
            home = home / "adapted" / self.planner.named_in_study(self.target)
            readings.append((home, [self.target], self.settings.adapt_epochs))
        for folder, languages, epochs in readings:
            if epochs:
                stages = (self._adapt(folder, family, languages, epochs, backbone, stages),)
                backbone = str(stages[0].folder / ADAPTED)
        return home, backbone, stages

    def _adapt(
        self, folder: Path, family: str, languages: Sequence[str], epochs: int, backbone: str, after: tuple[Stage, ...]
    ) -> Stage:
        """Plans a backbone's training as a language model on raw text of these languages."""
        return self.planner.add(
            title=f"the {'decoder' if family else 'encoder'} reads {', '.join(languages)}",
            folder=folder,
            command="fit",
            model={"class_path": "Adaptation", "init_args": self.settings.of_family(family).adapt},
            data={"sources": [], "text": list(languages), "backbone": backbone},
            trainer={"max_epochs": epochs, "callbacks": self.planner.keep_last(folder)},
            outputs=(f"{ADAPTED}/config.json",),
            after=after,
            work=epochs * 4 * sum(self.planner.count(language, "text") for language in languages),
            of_decoder=bool(family),
        )

    def _alone(self, source: str, method: Method) -> Model:
        """The teacher of one language: one that is trained, a ready-made tagger, or labels that are stored."""
        if (given := self.settings.ready.get(source)) is None:
            return Model.of(self._teacher([source], method))
        return Model(
            title=f"tagger of {source}",
            folder=self.planner.shared / "teachers" / source,
            model={"class_path": given.module, "init_args": given.arguments},
            data={"sources": [], **given.tokenizer},
            tagger=given.fingerprint,
            splits=given.splits,
            tagger_untested=given.fingerprint_untested,
        )

    def _teacher(self, sources: Sequence[str], method: Method, number: int = 0) -> Stage:
        """Plans the training of a teacher of one language, or of a pooled one of several.

        Args:
            sources: the languages.
            method: whose family, backbone and labels the teacher has.
            number: of the seed, where a method has several; 0 is the run's own.
        """
        home, backbone, before = self._backbone(method.family, method.adapted)
        folder = home / self._folder_of_teacher(sources, method, number)
        kind = self.settings.of_family(method.family)
        selects = self.settings.select_on == "source_validation"
        keep = self.planner.keep_best(folder, kind.length) if selects else self.planner.keep_last(folder)
        variant = "+".join(option for option in ("adapted", "equal") if option in method.options)
        labelled, taggers = self._labelled(sources)
        named = f"{'adapted ' if method.adapted else ''}{'LLM ' if method.family else ''}teacher"
        which = f"{', equally' if method.equal else ''}{f', seed {number}' if number else ''}"
        return self.planner.add(
            title=f"train {named} of {', '.join(sources)}{which}",
            folder=folder,
            command="fit",
            model={"class_path": "Teacher", "init_args": {**kind.teacher, **({"variant": variant} if variant else {})}},
            data={
                **labelled,
                "backbone": backbone,
                **({"equal": True} if method.equal else {}),
                **self.planner.validated_on(sources)[1],
            },
            trainer={**kind.length.trainer, "callbacks": keep},
            outputs=("checkpoints/best.ckpt" if selects else "checkpoints/last.ckpt",),
            after=(*before, *taggers),
            work=self._work_of_teacher(sources, kind.length, method.equal),
            of_decoder=bool(method.family),
            seed=other_seed(self.settings.seed, number) if number else None,
        )

    def _labelled(self, sources: Sequence[str]) -> tuple[Section, tuple[Stage, ...]]:
        """The settings that name labelled languages, and the stages that label those whose labels are silver."""
        stages = {name: self._silver(given) for name, given in self.settings.silvered.items() if name in sources}
        silver = {name: str(stage.folder / "soft_labels") for name, stage in stages.items()}
        return {"sources": list(sources), **({"silver": silver} if silver else {})}, tuple(stages.values())

    def _silver(self, given: ReadyTagger) -> Stage:
        """Plans a tagger's labels for raw text of its own language."""
        return self.planner.add(
            title=f"{given.tagger} labels {given.source}, silver",
            folder=self.planner.shared / "silver" / given.source,
            command="predict",
            model={"class_path": "ReadyMade", "init_args": given.arguments},
            data={
                "sources": [],
                "target": given.source,
                "predict_splits": ["train", "validation"],
                **given.tokenizer,
            },
            outputs=("soft_labels/train/manifest.json", "soft_labels/validation/manifest.json"),
            work=sum(self.planner.count(given.source, split) for split in ("train", "validation")),
            tagger=given.fingerprint,
        )

    def _folder_of_teacher(self, sources: Sequence[str], method: Method, number: int) -> Path:
        """The folder of a teacher, from that of the models of its family."""
        if len(sources) > 1:
            name = "pooled+equal" if method.equal else "pooled"
            return name / self.planner.named_in_study(subset_name(sources))
        return Path("seeds", sources[0], str(number)) if number else Path("teachers", sources[0])

    def _work_of_teacher(self, sources: Sequence[str], length: Length, equal: bool) -> int:
        train = [self.planner.count(source, "train") for source in sources]
        validation, _ = self.planner.validated_on(sources)
        validations = self.settings.validations if length.epochs is None else length.epochs
        read = min(train) if equal else sum(train)
        return 3 * length.read(read, self.settings.batch) + validations * validation

    def _supervised(self, method: Method) -> Stage:
        """Plans the training of an upper bound: the one stage that reads gold tags of the target's train split."""
        home, backbone, before = self._backbone(method.family, method.adapted)
        folder = home / "supervised" / self.planner.named_in_study(self.target)
        kind = self.settings.of_family(method.family)
        variant = {"variant": "adapted"} if method.adapted else {}
        return self.planner.add(
            title=f"train {method} on gold tags of {self.target}, an upper bound",
            folder=folder,
            command="fit",
            model={"class_path": "Supervised", "init_args": {**kind.teacher, **variant}},
            data={"sources": [], "target": self.target, "supervised": True, "backbone": backbone},
            trainer={**kind.length.trainer, "callbacks": self.planner.keep_last(folder), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            after=before,
            work=3 * kind.length.read(self.planner.count(self.target, "gold"), self.settings.batch),
            of_decoder=bool(method.family),
        )

    # A few labelled sentences of the target

    @property
    def _few_name(self) -> str:
        """The folder of all that sees a few labelled sentences: their number, or that they are a file's."""
        few = self.settings.few_labels.get(FEW)
        return f"few/{few if isinstance(few, int) else 'file'}"

    def _home_of(self, method: Method) -> str:
        """The folder of a method's students and mixtures, below the run's: those that see a few have their own."""
        return f"{self._few_name}/" if method.weighting == FEW else ""

    def _few(self, method: Method) -> Stage:
        """Plans the training of a model on a few labelled sentences alone."""
        home, backbone, before = self._backbone(method.family, method.adapted)
        folder = home / self._few_name / "alone" / self.planner.named_in_study(self.target)
        kind = self.settings.of_family(method.family)
        return self._few_shot(
            title=f"train {method} on {self.planner.count(self.target, FEW)} labelled sentences of {self.target} alone",
            folder=folder,
            arguments={**kind.teacher, **({"variant": "adapted"} if method.adapted else {})},
            backbone=backbone,
            length=kind.length,
            after=before,
            of_decoder=bool(method.family),
        )

    def _few_more(self, method: Method) -> Stage:
        """Plans a student that goes on from the zero-shot student with a few labelled sentences."""
        student = self._student(method.without(FEW))
        given = {**student.config["model"]["init_args"], "start": str(student.output)}
        return self._few_shot(
            title=f"train {method} on {self.planner.count(self.target, FEW)} labelled sentences",
            folder=self.settings.folder / self._few_name / "students" / method.folder,
            arguments={name: value for name, value in given.items() if name in OF_FEW_SHOT},
            backbone=student.config["data"]["backbone"],
            length=self.settings.few_length,
            after=(student,),
        )

    def _few_shot(
        self,
        title: str,
        folder: Path,
        arguments: Section,
        backbone: str,
        length: Length,
        after: tuple[Stage, ...],
        of_decoder: bool = False,
    ) -> Stage:
        return self.planner.add(
            title=title,
            folder=folder,
            command="fit",
            model={"class_path": "FewShot", "init_args": dict(arguments)},
            data={"sources": [], "target": self.target, "backbone": backbone, **self.settings.few_labels},
            trainer={**length.trainer, "callbacks": self.planner.keep_last(folder), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            after=after,
            work=3 * length.read(self.planner.count(self.target, FEW), self.settings.batch),
            of_decoder=of_decoder,
        )

    def _ranking(self, method: Method) -> Stage:
        """Plans the ranking of the sources by their teachers' F1 on a few labelled sentences.

        Raises:
            CTLError: a teacher can't label them.
        """
        teachers = list(self._teachers(method.without("joint")))
        if stored := [teacher for teacher in teachers if FEW not in teacher.splits]:
            raise CTLError(
                f"method {method}: {stored[0].title} is stored labels of other sentences, so nobody knows its F1: "
                "choose the weighting uniform, agreement, truth or fixed"
            )
        labels = [self._labels(teacher, method, [FEW]) for teacher in teachers]
        name = replace(method.ensemble(), options=tuple(o for o in method.options if o in OF_TEACHERS)).folder
        return self.planner.add(
            title=f"rank the sources by {self.planner.count(self.target, FEW)} labelled sentences of {self.target}",
            folder=f"{self._few_name}/ranking/{name}",
            command="predict",
            model={"class_path": "FewRanking", "init_args": {"teachers": [str(stage.folder) for stage in labels]}},
            data={"sources": [], "target": self.target, "predict_splits": [FEW], **self.settings.few_labels},
            outputs=("weights.json",),
            after=tuple(labels),
            work=self.planner.count(self.target, FEW),
        )

    def _merged(self, method: Method) -> Stage:
        """Plans the test of one model that is the mean of the teachers."""
        teachers = [self._teacher([source], method) for source in self.sources]
        weights, before = self._weights(method, "test")
        return self.planner.add(
            title=f"average and score {method}",
            folder=f"merged/{method.folder}",
            command="test",
            model={
                "class_path": "Merged",
                "init_args": {
                    "teachers": [str(teacher.output) for teacher in teachers],
                    "weighting": method.of,
                    "weights": weights,
                    "sharpness": self._sharpness(method)[0],
                    "variant": "+".join(method.options) or None,
                },
            },
            data={"target": self.target, "backbone": teachers[0].config["data"]["backbone"]},
            outputs=("results.json",),
            after=(*teachers, *before),
            work=self.planner.count(self.target, "test"),
        )

    def _teachers(self, method: Method) -> Iterator[Model]:
        """Plans every teacher of a method; pooled ones come last."""
        if method.kind == SEEDS:
            yield from (Model.of(self._teacher([method.of], method, number)) for number in range(len(self.sources)))
            return
        families = [replace(method, family=family) for family in method.teachers]
        if method.of != POOLED:
            yield from (self._alone(source, family) for family in families for source in self.sources)
        if method.pools:
            yield from (Model.of(self._teacher(self.sources, family)) for family in families)

    def _labels(self, teacher: Model, method: Method, wanted: Sequence[str] | None = None) -> Stage:
        """The soft labels of one teacher, for the target's train and test splits, or those that are wanted."""
        calibrated, model = "calibrated" in method.options, teacher.model
        calibrate = {} if teacher.tagger else {"calibrate": calibrated}
        splits = [split for split in wanted or self.planner.labelled if split in teacher.splits]
        few = self.settings.few_labels if FEW in splits else {}
        text = f"few of {self.target}" if few else self.target
        below = Path(self._few_name if few else "", "calibrated" if calibrated else "")
        return self.planner.add(
            title=f"{'calibrated ' if calibrated else ''}{teacher.title} labels {text}",
            folder=self.planner.folder_for_target(teacher.folder) / below,
            command="predict",
            model={**model, "init_args": {**model["init_args"], **calibrate}},
            data={**teacher.data, **few, "target": self.target, "predict_splits": splits},
            checkpoint=teacher.checkpoint,
            outputs=tuple(f"soft_labels/{split}/manifest.json" for split in splits),
            after=teacher.after,
            work=sum(self.planner.count(self.target, split) for split in splits),
            tagger=teacher.tagger,
            tagger_untested=teacher.tagger_untested,
        )

    # Source weights and the mixture

    def _ensemble(self, method: Method, command: str, split: str) -> Stage:
        labels = [self._labels(teacher, method) for teacher in self._teachers(method)]
        weights, before = self._weights(method, split)
        sharpness, fitted = self._sharpness(method)
        mixture = method if method.kind == SEEDS else method.ensemble()
        marked = "unanimous" in method.options and command == "predict"
        unanimous = "mark" if marked else "replace" if "replace" in mixture.options else "mix"
        return self.planner.add(
            title=f"{'score' if command == 'test' else 'mix soft labels of'} {mixture}",
            folder=f"{self._home_of(method)}ensembles/{mixture.folder}{'+marked' if marked else ''}",
            command=command,
            model={
                "class_path": "Ensemble",
                "init_args": {
                    "teachers": [str(stage.folder / "soft_labels" / split) for stage in labels],
                    "weighting": SEEDS if method.kind == SEEDS else mixture.of,
                    "weights": weights,
                    "sharpness": sharpness,
                    "top": mixture.top,
                    "abstain": "abstain" in mixture.options,
                    "unanimous": unanimous,
                    "variant": "+".join(mixture.options) or None,
                },
            },
            data={"target": self.target, "predict_splits": ["train"]},
            outputs=("results.json",) if command == "test" else ("soft_labels/train/manifest.json",),
            after=(*labels, *before, *fitted),
            work=0.1 * self.planner.count(self.target, split),
        )

    def _weights(self, method: Method, split: str) -> tuple[Any, tuple[Stage, ...]]:
        """The ensemble's ``weights``, and the stage that writes them where one must."""
        if method.of == "fixed":
            return self.settings.weights, ()
        if method.of == FEW:
            stage = self._ranking(method)
            return str(stage.output), (stage,)
        if not method.by_similarity:
            return None, ()
        stage = self.similarities(method.weighting, method.per_sentence)
        return str(stage.folder / (f"weights/{split}.safetensors" if method.per_sentence else "weights.json")), (stage,)

    def _sharpness(self, method: Method) -> tuple[float | str, tuple[Stage, ...]]:
        """The ensemble's ``sharpness``, and the stage that finds it; that of a user is for weights by similarity."""
        if method.sharp:
            stage = self.left_out(method)
            return str(stage.output), (stage,)
        return self.settings.sharpness if method.by_similarity else 1.0, ()

    def left_out(self, method: Method) -> Stage:
        """Plans the trial of all weightings on the sources, where the teachers are those of a method."""
        _, backbone, before = self._backbone()
        teachers = {
            (family, source): self._teacher([source], replace(method, family=family))
            for family in method.teachers
            for source in self.sources
        }
        return LeftOut(self.planner, backbone, before, teachers, method).trial()

    def similarities(self, weighting: str = "learned", of_sentences: bool = False) -> Stage:
        """Weights by similarity: of the language, from some of its sentences, or of every sentence."""
        _, backbone, before = self._backbone()
        return Weighing(self.planner, backbone, before, self.sources, self.target).weights(weighting, of_sentences)

    # Students

    def _student(self, method: Method) -> Stage:
        if FEW in method.options:
            return self._few_more(method)
        _, backbone, ready = self._backbone(adapted=method.adapted)
        labels = self._soft_labels(method)
        selected, before = self._selected(method, labels)
        name = f"{self._home_of(method)}students/{method.folder}"
        options, length = [OPTIONS[option] for option in method.options], self.settings.student_length
        learning = {key: value for option in options for key, value in option.student.items()}
        reading = {key: value for option in options for key, value in option.data.items()}
        variant = "+".join(method.options) or None
        return self.planner.add(
            title=f"train {method}",
            folder=name,
            command="fit",
            model={"class_path": "Student", "init_args": {**self.settings.student, **learning, "variant": variant}},
            data={
                "sources": [],
                "target": self.target,
                "soft_labels": str(labels.folder / "soft_labels/train"),
                "backbone": backbone,
                **selected,
                **reading,
            },
            trainer={**length.trainer, "callbacks": self.planner.keep_last(name)},
            outputs=("checkpoints/last.ckpt",),
            after=(labels, *ready, *before),
            work=3 * length.read(self.planner.count(self.target, "train"), self.settings.batch),
        )

    def _soft_labels(self, method: Method) -> Stage:
        """Plans a student's soft labels: of its one teacher, the ensemble, or the student of the round before."""
        earlier = method.before()
        if earlier is None:
            if method.of != POOLED or method.family == "mixed" or {"replace", "unanimous"} & set(method.options):
                return self._ensemble(method, "predict", "train")
            return self._labels(next(self._teachers(method)), method)
        return self._labels_of_student(earlier)

    def _labels_of_student(self, method: Method) -> Stage:
        """Plans the soft labels of a student, for a student of it or for those who want to see them."""
        student = self._student(method)
        return self.planner.add(
            title=f"{method} labels {self.target}",
            folder=self.planner.folder_for_target(student.folder),
            command="predict",
            model=student.config["model"],
            data={**_without_gold(student.config["data"]), "predict_splits": ["train"]},
            checkpoint=student.output,
            outputs=("soft_labels/train/manifest.json",),
            after=(student,),
            work=self.planner.count(self.target, "train"),
        )

    def _selected(self, method: Method, labels: Stage) -> tuple[Section, tuple[Stage, ...]]:
        """Settings that name the weights of soft labels, and the stage that writes them."""
        if "knn" in method.options:
            stage = self._neighbours(method, labels)
        elif "advpicker" in method.options:
            stage = self._adversary(method)
        else:
            return {}, ()
        return {"word_weights": str(stage.output)}, (stage,)

    def _neighbours(self, method: Method, labels: Stage) -> Stage:
        student = self._student(method.without("knn", "advpicker", "rounds2", "rounds3"))
        files = {
            "student": str(student.output),
            "soft_labels": str(labels.folder / "soft_labels/train"),
        }
        return self.planner.add(
            title=f"ask the neighbours of {self.target}'s words",
            folder=f"{self._home_of(method)}neighbours/{method.folder}",
            command="predict",
            model={"class_path": "Neighbours", "init_args": {**self.settings.neighbours, **files}},
            data={**student.config["data"], "predict_splits": ["train"]},
            outputs=("word_weights/train.safetensors",),
            after=(student, labels),
            work=2 * self.planner.count(self.target, "train"),
        )

    def _adversary(self, method: Method) -> Stage:
        _, backbone, before = self._backbone(adapted=method.adapted)
        name, length = f"{'adapted/' if before else ''}adversary", self.settings.of_family("").length
        model = {"class_path": "Adversary", "init_args": {**self.settings.teacher, **self.settings.adversary}}
        labelled, taggers = self._labelled(self.sources)
        data = {**labelled, "target": self.target, "text": [self.target], "backbone": backbone}
        sentences = sum(self.planner.count(language, "train") for language in (*self.sources, self.target))
        trained = self.planner.add(
            title="train the adversary",
            folder=name,
            command="fit",
            model=model,
            data=data,
            trainer={**length.trainer, "callbacks": self.planner.keep_last(name), "limit_val_batches": 0},
            outputs=("checkpoints/last.ckpt",),
            after=(*before, *taggers),
            work=3 * length.read(sentences, self.settings.batch),
        )
        return self.planner.add(
            title=f"pick language-independent sentences of {self.target}",
            folder=name,
            command="predict",
            model=model,
            data={**data, "predict_splits": ["train"]},
            checkpoint=trained.output,
            outputs=("word_weights/train.safetensors",),
            after=(trained,),
            work=self.planner.count(self.target, "train"),
        )


def _without_gold(data: Section) -> Section:
    """The data of a fit as a test reads them: what was said of the gold labels is left out."""
    return {name: value for name, value in data.items() if name not in GOLD}


def other_seed(seed: int, number: int) -> int:
    """The seed of a method's teacher with this number: far from those of runs, which are mostly counted up from 0."""
    return (seed + 1_000_003 * number) % 2**32
