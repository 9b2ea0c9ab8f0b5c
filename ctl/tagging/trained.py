"""Trained taggers by where they lie: a run, a transfer, a checkpoint, an exported folder, an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from ctl.backbones.facts import fingerprint_tokenizer
from ctl.backbones.loading import load_tokenizer
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.networks.saved import SavedTagger, load_saved
from ctl.results import Record, read_records
from ctl.system.checkpoints import TOKENIZER
from ctl.tagging.engines import network_of
from ctl.tagging.exported import OnnxModel, exported_thresholds, exported_types, load_exported
from ctl.tagging.finding import find_model
from ctl.tagging.forms import Engine

if TYPE_CHECKING:
    from ctl.modules.tagger import Tagger


class WordLabeller(Protocol):
    """Anything that gives every word of a batch a distribution over the tags: a module, an exported network."""

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words (N, C)."""


@dataclass(frozen=True)
class Trained:
    """A model that can tag, and what one must know to use it.

    Attributes:
        model: answers with distributions.
        types: the entity types, in the order of the tags.
        tokenizer: Hub name or folder of its tokenizer.
        tokenizer_fingerprint: of the one that it was trained with; ``None`` where nobody kept it.
        thresholds: by type, with which it was exported; ``None`` where it has none.
        method: its name in results; empty where it has none.
        path: where it was found.
    """

    model: WordLabeller
    types: tuple[str, ...]
    tokenizer: str
    method: str
    path: Path
    tokenizer_fingerprint: str | None = None
    thresholds: dict[str, float] | None = None

    def __str__(self) -> str:
        record = self.record()
        score = f", F1 {record['f1']:.1f} on {record['target']}" if record else ""
        return f"{self.method or 'a model'} tags ({self.path}{score}), types {', '.join(self.types)}"

    def unfinished(self) -> str:
        """Says why the training of this model may not have ended; nothing where it has."""
        stage, fit = self.path.parent.parent, getattr(self.model, "fit_record", {})
        if self.path.suffix == ".ckpt" and (stage / "fit.yaml").is_file() and not (stage / "fit.json").is_file():
            return f"`ctl transfer` was stopped before {stage} was done; the same command goes on from there"
        epochs, most = fit.get("epochs"), fit.get("max_epochs")
        if self.path.name != "last.ckpt" or not most or most < 0 or epochs is None or fit["steps"] == fit["max_steps"]:
            return ""
        return f"it was trained for {epochs:.1f} of at most {most} epochs" if epochs < most - 0.05 else ""

    def record(self) -> Record | None:
        """Returns the record of its score; ``None`` where its run has none."""
        records = read_records(self.path.parent.parent / "results.json") if self.path.suffix == ".ckpt" else []
        return next((record for record in records if record["method"] == self.method), None)

    def load_tokenizer(self, name: str) -> Any:  # noqa: ANN401
        """Loads its tokenizer, and refuses another one.

        Args:
            name: Hub name or folder, where the tokenizer is now.

        Raises:
            CTLError: it is not there, or it is not the one that the model was trained with.
        """
        try:
            tokenizer = load_tokenizer(name)
        except CTLError as error:
            raise CTLError(f"{self.path}: no tokenizer ({error}); --tokenizer DIR says where it is now") from error
        if self.tokenizer_fingerprint not in (None, fingerprint_tokenizer(tokenizer)):
            raise CTLError(
                f"{name}: not the tokenizer that {self.path} was trained with; --tokenizer DIR says where it is"
            )
        backbone = getattr(self.model, "backbone_model", None)
        if backbone is not None and len(tokenizer) > backbone.get_input_embeddings().num_embeddings:
            raise CTLError(
                f"{name}: it has more subwords than {self.path}; --tokenizer DIR says where its tokenizer is"
            )
        return tokenizer


def load_trained(
    run: str | Path,
    method: str | None = None,
    *,
    module: bool = False,
    engine: Engine | None = None,
    device: str | None = None,
    precision: str | None = None,
) -> Trained:
    """Loads a tagger; nothing in its files is executed.

    Args:
        run: the folder of ``ctl fit`` or ``ctl transfer``, a checkpoint, a folder that ``ctl export`` wrote, or an
            ONNX file in such a folder.
        method: of a transfer, which of its models; by default ``student:learned``, else its first student.
        module: load a checkpoint as the LightningModule that was trained, which can be exported and has a fingerprint.
        engine: of an exported folder, which of its networks; by default the fastest (`network_of`).
        device: where the network is to be run.
        precision: of the numbers.

    Raises:
        CTLError: there is none, or it can't be used; says where and what to do.
    """
    path = network_of(find_model(Path(run), method), engine, device, precision)
    if path.suffix == ".onnx":
        return _of_export(OnnxModel(path), path.parent, path)
    if path.is_dir():
        return _of_export(load_exported(path), path, path)
    return _load_checkpoint(path, module)


def _of_export(model: WordLabeller, folder: Path, path: Path) -> Trained:
    return Trained(
        model, exported_types(folder), str(folder), folder.name, path, thresholds=exported_thresholds(folder)
    )


def _load_checkpoint(path: Path, module: bool) -> Trained:
    model: SavedTagger | Tagger | None = None if module else load_saved(path)
    if model is None:
        from ctl.modules.tagger import load_module

        model = load_module(path)
    method = str(model.identity()["method"])
    kept = path.parent / TOKENIZER
    tokenizer = str(kept) if kept.is_dir() else model.backbone
    return Trained(model, model.schema.types, tokenizer, method, path, model.tokenizer_fingerprint)
