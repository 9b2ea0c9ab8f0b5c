"""The one data module: teachers, ensemble, student and language identifier all read through it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from ctl.arrays import Floats, Ints
from ctl.backbones.facts import longest_input
from ctl.backbones.loading import load_config, load_tokenizer
from ctl.data.batching import BatchDataset, Reached, SentenceSampler
from ctl.data.collation import Collator, WordBatch
from ctl.data.corpus import Corpus, draw_at_most, draw_evenly
from ctl.data.encoding import WordEncoder
from ctl.data.few.labels import REMEDY, draw_few, read_few
from ctl.data.reading.form import Form
from ctl.data.reading.hub import HubDataset
from ctl.data.reading.splits import read_split
from ctl.data.selection import Filter, confident, read_word_weights
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.synthetic.family import SyntheticFamily
from ctl.data.tags import TagSchema, check_types
from ctl.data.words import UnicodeForm
from ctl.errors import CTLError, NoGoldError
from ctl.system.console import notice
from ctl.system.names import check_languages
from ctl.system.numbers import NonNegativeInt, PositiveInt, PositiveShare


@dataclass(eq=False)
class NERDataModule(LightningDataModule):
    """Labelled source languages, raw text of the target, and the target's test split.

    Training reads the gold tags of the sources, or, with ``soft_labels``, the target's raw text and those labels;
    with ``text`` it also reads raw text without any.
    Validation reads the sources' validation splits, prediction the target's raw text, testing the target's test split.
    Gold tags of the target's train and validation splits are dropped as soon as they are read; those of the train split
    are kept with ``supervised``, and those of a few sentences with ``few``.

    Attributes:
        sources: languages whose gold tags are used.
        target: the language to be tagged.
        root: a CoNLL tree, ``ROOT/<lang>/{train,validation,test}.txt``.
        hub: datasets of the Hub by language; ``"*"`` stands for every language that is not named.
        synthetic: artificial languages that are written to ``root`` first.
        types: the entity types of the task; they fix the tags and their order. For ``ctl transfer`` and ``ctl study``
            ``auto`` stands for all that the sources have.
        type_map: other names for types in the data, ``{PERSON: PER, DATE: null}``; ``null`` reads a type as O.
        encoding: of files.
        word_column: the column of words in files where it is not the usual one: its number, from 1, or its name.
        tag_column: the column of tags, likewise; in JSON both are keys.
        normalization: the Unicode form in which words are kept; ``none`` for as they are.
        backbone: Hub name or folder whose tokenizer is used.
        soft_labels: a store for the target's train split, as ``ctl predict`` writes it.
        filter: take only the soft labels of which the teachers are surest, by ``confidence``, their largest
            probability, or by ``entropy`` (`ctl.data.selection.confident`).
        keep: the share of words that ``filter`` leaves, of those predicted to have each tag.
        word_weights: how much each soft label counts, as ``ctl predict`` of `Adversary` or `Neighbours` writes it.
        text: languages whose train split is also trained on, as raw text, for what needs no tags; no tags are read of
            a source among them.
        plain_text: files or folders of plain text by language, in the place of its train split where no tags are read.
        equal: train on as many sentences in all as the smallest source has, drawn evenly from the sources
            (`ctl.data.corpus.draw_evenly`); their validation splits stay whole.
        silver: sources whose labels are those of a ready-made tagger, with the folder of their soft labels, a store for
            each split; the most probable tags stand in place of gold ones.
        supervised: train on the gold tags of the target's train split instead: an upper bound, no zero-resource
            transfer. No validation split is read.
        few: train on a few labelled sentences of the target instead, which is no zero-resource transfer: so many of its
            train split, or those of a file or of a folder that ``ctl import`` wrote. What stands in the test split word
            for word is left out. They are the target's split ``few``.
        few_seed: draws them; the first ten of fifty are those of a draw of ten.
        predict_splits: splits that ``ctl predict`` labels: of the target, or of another language, ``nl/validation``.
        max_length: subwords in a window, special tokens included; longer sentences are cut into overlapping windows.
        batch_size: sentences in a training batch, or the most where there is ``train_tokens``.
        train_tokens: most subwords in a training batch; it evens out the batches' size.
        eval_tokens: most subwords in a batch that is not trained on.
        limit: take only the first sentences of every split.
        validation_limit: validate in training on about so many sentences at most, drawn from all sources in proportion.
        num_workers: processes that prepare batches.
        drop_test_duplicates: leave out the test sentences that stand word for word in the same language's train split,
            in all of it, whatever the ``limit``.
    """

    sources: Sequence[str] = ()
    target: str | None = None
    root: str | None = None
    hub: dict[str, HubDataset] | None = None
    synthetic: SyntheticFamily | None = None
    types: Sequence[str] = ("PER", "ORG", "LOC")
    type_map: dict[str, str | None] | None = None
    encoding: str = "utf-8"
    word_column: int | str | None = None
    tag_column: int | str | None = None
    normalization: UnicodeForm = "NFC"
    backbone: str | None = None
    soft_labels: str | None = None
    filter: Filter | None = None
    keep: PositiveShare = 0.8
    word_weights: str | None = None
    text: Sequence[str] = ()
    plain_text: dict[str, str] | None = None
    equal: bool = False
    silver: dict[str, str] | None = None
    supervised: bool = False
    few: PositiveInt | str | None = None
    few_seed: NonNegativeInt = 0
    predict_splits: Sequence[str] = ("train",)
    max_length: PositiveInt = 256
    batch_size: PositiveInt = 32
    train_tokens: PositiveInt | None = None
    eval_tokens: PositiveInt = 4096
    limit: PositiveInt | None = None
    validation_limit: PositiveInt | None = None
    num_workers: NonNegativeInt = 0
    drop_test_duplicates: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        check_languages(self.sources, "data.sources")
        check_languages([] if self.target is None else [self.target], "data.target")
        check_languages(self.text, "data.text")
        check_types(self.types)
        self.schema = TagSchema(tuple(self.types))
        self.store: SoftLabelStore | None = None
        self.weights: Floats | None = None
        self.selection_seconds = 0.0
        self._reached, self._batches = Reached(), 0

    def of(self, sources: Sequence[str], target: str | None, limit: int | None = None) -> NERDataModule:
        """Gives a new data module for other languages, which has read nothing yet.

        Args:
            sources: languages whose gold tags are used.
            target: the language to be tagged.
            limit: the first sentences of every split to take; by default as many as here.
        """
        return dataclasses.replace(self, sources=sources, target=target, limit=self.limit if limit is None else limit)

    def prepare_data(self) -> None:
        """Writes the artificial languages, where they are asked for."""
        if self.synthetic is not None:
            if self.root is None:
                raise CTLError("data.synthetic needs data.root: the folder to write the languages to")
            self.synthetic.write(Path(self.root))

    def setup(self, stage: str) -> None:
        """Reads what the stage needs, so that bad input stops the run before it begins."""
        if self.target in self.sources:
            names = ", ".join(self.sources)
            raise CTLError(f"the target {self.target} is among the sources ({names}): no zero-resource transfer")
        match stage:
            case "fit":
                self.validation = self._validated_on()
                if self.soft_labels is not None:
                    self.training = [self.target_text("train")]
                    self.store = SoftLabelStore(self.soft_labels)
                    self.store.check(self.training[0], self.schema)
                    self._select(self.store)
                else:
                    more = [language for language in self.text if language not in self.sources]
                    self.training = self._labelled() + [self.raw_text(language, "train") for language in more]
            case "validate":
                self.validation = [self.gold(language, "validation") for language in self._some_sources()]
            case "test":
                self.testing = self.gold(self._the_target(), "test")
            case "predict":
                self.predicting = {split: self._to_predict(split) for split in self.predict_splits}

    def _validated_on(self) -> list[Corpus]:
        """Reads the gold tags that a model in training is compared with."""
        labelled = [source for source in self.sources if source not in self.text]
        corpora = [self.gold(language, "validation") for language in labelled]
        return corpora if self.validation_limit is None else draw_at_most(corpora, self.validation_limit)

    def _labelled(self) -> list[Corpus]:
        """Reads the sources with the gold tags that are trained on."""
        if self.supervised:
            return [self.gold(self._the_target(), "train")]
        if self.few is not None:
            return [self.gold(self._the_target(), "few")]
        sources = self.sources if self.text else self._some_sources()
        corpora = [(self.raw_text if source in self.text else self.gold)(source, "train") for source in sources]
        return draw_evenly(corpora) if self.equal else corpora

    def gold(self, language: str, split: str) -> Corpus:
        """A split with its gold tags under the task's schema: any split of a source, the target's test split alone.

        With ``supervised`` it is also the target's train split, and with ``few`` its few labelled sentences.

        Raises:
            NoGoldError: there is no such split, or it has no tags.
            CTLError: it is one of the target's that nobody may see.
        """
        if language == self.target and split == "few":
            return self._few()
        if language == self.target and split != "test" and not (self.supervised and split == "train"):
            raise CTLError(f"gold tags of the target's {split} split ({language}) are not to be read")
        if language in (self.silver or {}):
            return self._silver(language, split)
        corpus = self._read(language, split, tags=True).project(self.schema, self.type_map)
        if corpus.tags is None:
            raise NoGoldError(f"{corpus.name} is raw text, but its tags are needed")
        for note in corpus.notes:
            notice(note)
        return corpus

    def _few(self) -> Corpus:
        """Reads the few labelled sentences of the target, without those that it is tested on.

        Raises:
            NoGoldError: there are none.
            CTLError: there are not so many.
        """
        target = self._the_target()
        name = f"{target}/few"
        if isinstance(self.few, str):
            corpus = read_few(Path(self.few), name, self._form, self.schema, partial(self.target_text, "train"))
        elif self.few is None:
            raise CTLError(f"which sentences of {target} are labelled? set data.few")
        else:
            corpus = self._read(target, "train", tags=True)
        if corpus.tags is None:
            raise NoGoldError(f"{corpus.name} is raw text, so no labelled sentences can be drawn from it: {REMEDY}")
        with suppress(NoGoldError):  # there may be nothing that it is tested on
            corpus = _without(corpus, self._read(target, "test", tags=False))
        if not isinstance(self.few, str):
            corpus = draw_few(corpus, self.few, self.few_seed)
        corpus = dataclasses.replace(corpus.project(self.schema, self.type_map), name=name)
        for note in corpus.notes:
            notice(note)
        return corpus

    def _silver(self, language: str, split: str) -> Corpus:
        """Reads raw text with the tags that a ready-made tagger gave it."""
        assert self.silver is not None
        corpus, store = self.raw_text(language, split), SoftLabelStore(Path(self.silver[language]) / split)
        store.check(corpus, self.schema)
        return dataclasses.replace(corpus, tags=store.probs.argmax(-1).astype(np.int16), schema=self.schema)

    def types_of(self, languages: Sequence[str]) -> dict[str, list[str]]:
        """The entity types in the train splits of labelled languages, under the names that ``type_map`` gives them.

        Raises:
            CTLError: a language has no tags.
        """
        types = {}
        for language in languages:
            corpus = self._read(language, "train", tags=True)
            if corpus.schema is None:
                raise CTLError(f"{corpus.name} is raw text: it has no entity types")
            named = [(self.type_map or {}).get(kind, kind) for kind in corpus.schema.types]
            types[language] = sorted({kind for kind in named if kind not in (None, "O")})
        return types

    def raw_text(self, language: str, split: str) -> Corpus:
        """A split of any language without its tags, which are not even read."""
        if language == self.target and split == "few":
            return self._few().raw()
        corpus = self._read(language, split, tags=False)
        for note in corpus.notes:
            notice(note)
        return corpus

    def target_text(self, split: str) -> Corpus:
        """Raw text of the target."""
        return self.raw_text(self._the_target(), split)

    def _to_predict(self, name: str) -> Corpus:
        """Raw text by the name of a split of the target, or of a language and its split."""
        language, _, split = name.rpartition("/")
        return self.raw_text(language, split) if language else self.target_text(name)

    def labelled_corpus(self, stage: str) -> Corpus:
        """The one corpus that soft labels must be for: the tested split, or the split to be predicted."""
        if stage == "test":
            return self.testing
        if len(self.predicting) > 1:
            raise CTLError("stored soft labels are for one split: set data.predict_splits to that one")
        return next(iter(self.predicting.values()))

    def words_of(self, batch: WordBatch, predicted: int = 0) -> list[list[str]]:
        """The words of each sentence of a batch of this stage, for models that read text.

        Args:
            batch: sentences.
            predicted: the place of its split among those that are predicted.
        """
        assert self.trainer is not None and self.trainer.state.stage is not None
        match self.trainer.state.stage.value:
            case "train":
                corpora = self.training
            case "validate" | "sanity_check":
                corpora = self.validation
            case "test":
                corpora = [self.testing]
            case _:
                corpora = [list(self.predicting.values())[predicted]]
        places = torch.split(
            batch.words, batch.lengths.tolist()
        )  # the target's corpus is the last, and its language is -1
        return [
            [corpora[language].words[word] for word in words.tolist()]
            for language, words in zip(batch.languages.tolist(), places, strict=True)
        ]

    def train_dataloader(self) -> DataLoader[WordBatch]:
        """Batches that are drawn at random; the same for the same seed and epoch, also after a resume."""
        trainer, reached = self.trainer, self._reached
        loader = self._loader(
            self.training,
            in_windows=True,
            store=self.store,
            weights=self.weights,
            batch_size=self.batch_size,
            max_tokens=self.train_tokens,
            accumulate=trainer.accumulate_grad_batches if trainer else 1,
            shuffle=True,
            seed=int(os.environ.get("PL_GLOBAL_SEED", 0)),
            epoch=reached.epoch,
            begin=reached.begin,
        )
        if reached.begin and len(loader) != reached.batches:
            raise CTLError(
                f"the checkpoint was saved after {reached.begin} of {reached.batches} batches of an epoch, which here "
                f"has {len(loader)}: go on with the batch size and the number of processes that it was saved with, or "
                "remove it to begin anew"
            )
        self._batches = len(loader)
        return loader

    def state_dict(self) -> dict[str, int]:
        """Tells a checkpoint how far training is (`Reached`).

        Lightning would have the loaders keep that, but makes them before it reads the checkpoint.
        """
        if self.trainer is None or not self._batches:
            return {}
        taken = int(self.trainer.num_training_batches)  # fewer than there are, where they are limited
        given = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
        epoch, begin = divmod(self.trainer.current_epoch * taken + given, taken)
        return Reached(epoch, begin, self._batches)._asdict()

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Goes on from there."""
        self._reached = Reached(**state_dict)

    def val_dataloader(self) -> DataLoader[WordBatch] | list[Any]:
        """The sources' validation splits, in one pass."""
        return self._loader(self.validation, **self._evaluation) if self.validation else []

    def test_dataloader(self) -> DataLoader[WordBatch]:
        """The target's test split."""
        return self._loader([self.testing], **self._evaluation)

    def predict_dataloader(self) -> list[DataLoader[WordBatch]]:
        """One loader for each split that is to be labelled."""
        return [self._loader([corpus], **self._evaluation) for corpus in self.predicting.values()]

    def read_in_training(self) -> Ints:
        """The ids of all subwords that a model reads in training, special tokens and padding among them, in order."""
        encoder = self.encoder
        special = np.array([*encoder.prefix, *encoder.suffix, encoder.pad_id], dtype=np.int64)
        return np.unique(np.concatenate([special, *(encoder.encode(text).vocabulary() for text in self.training)]))

    def whole(self, corpus: Corpus) -> DataLoader[WordBatch]:
        """A corpus in one pass, all of it in every process."""
        return self._loader([corpus], alone=True, **self._evaluation)

    @cached_property
    def encoder(self) -> WordEncoder:
        """Words to subwords with the backbone's tokenizer."""
        if self.backbone is None:
            raise CTLError("which tokenizer? set data.backbone to a Hub name or a folder")
        return _word_encoder(self.backbone, self.max_length)

    @property
    def _evaluation(self) -> dict[str, Any]:
        return {"batch_size": self.eval_tokens, "max_tokens": self.eval_tokens}

    def _select(self, store: SoftLabelStore) -> None:
        """Says how much each soft label counts (W)."""
        self.weights, self.selection_seconds = None, 0.0
        if self.word_weights is not None:
            self.weights, self.selection_seconds = read_word_weights(self.word_weights, self.training[0])
        if self.filter is not None:
            sure = confident(store, self.keep, self.filter)
            self.weights = sure if self.weights is None else sure * self.weights
        if store.labelled is not None:
            labelled = store.labelled.astype(np.float32)
            self.weights = labelled if self.weights is None else labelled * self.weights

    def _loader(
        self,
        corpora: Sequence[Corpus],
        store: SoftLabelStore | None = None,
        weights: Floats | None = None,
        alone: bool = False,
        in_windows: bool = False,
        **sampling: Any,  # noqa: ANN401
    ) -> DataLoader[WordBatch]:
        encoded = [self.encoder.encode(corpus) for corpus in corpora]
        if in_windows:
            encoded = [corpus.in_windows(self.encoder.capacity) for corpus in encoded]
        languages = {source: number for number, source in enumerate(self.sources)}
        places = [languages.get(corpus.language, -1) for corpus in corpora]
        dataset = BatchDataset(encoded, Collator(self.encoder), places, store, weights)
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer and not alone else (0, 1)
        if world_size * sampling.get("accumulate", 1) > 1:
            sampling["counted"] = dataset.counted()
        return DataLoader(
            dataset,
            sampler=SentenceSampler(dataset.sizes, rank=rank, world_size=world_size, **sampling),
            batch_size=None,
            num_workers=self.num_workers,
            pin_memory=trainer is not None and trainer.accelerator.__class__.__name__ == "CUDAAccelerator",
        )

    def _read(self, language: str, split: str, tags: bool) -> Corpus:
        root = None if self.root is None else Path(self.root)
        return read_split(
            language,
            split,
            root=root,
            hub=self.hub,
            form=self._form,
            tags=tags,
            limit=self.limit,
            drop_test_duplicates=self.drop_test_duplicates,
            plain=self.plain_text,
        )

    @property
    def _form(self) -> Form:
        return Form(self.encoding, self.word_column, self.tag_column, self.normalization)

    def _the_target(self) -> str:
        if self.target is None:
            raise CTLError("which language? set data.target")
        return self.target

    def _some_sources(self) -> Sequence[str]:
        if not self.sources:
            raise CTLError("which languages are labelled? set data.sources")
        return self.sources


def _without(corpus: Corpus, other: Corpus) -> Corpus:
    """Leaves out what stands in other text, and says so where there is such a sentence."""
    rest = corpus.without(other)
    return rest if rest.left_out else corpus


@lru_cache(maxsize=4)  # for the stages of one process
def _word_encoder(backbone: str, max_length: int) -> WordEncoder:
    tokenizer = load_tokenizer(backbone)
    return WordEncoder(tokenizer, min(max_length, longest_input(tokenizer, load_config(backbone))))
