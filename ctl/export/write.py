"""Export of a trained tagger as a folder for `transformers` and as ONNX, each compared with the original."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ctl.backbones.facts import longest_input
from ctl.data.corpus import Corpus
from ctl.errors import CTLError, first_line
from ctl.export.check import (
    SENTENCES,
    Compared,
    check_int8,
    check_network,
    check_onnx,
    compare,
    compare_entities,
    sample,
    with_network,
)
from ctl.export.model_card import write_card
from ctl.export.onnx import quantise, write_onnx
from ctl.export.scores import scored
from ctl.export.token_classifier import to_transformers
from ctl.modules.tagger import Tagger
from ctl.scoring.precision import set_for_precision
from ctl.system.console import say
from ctl.system.files import whole, write_json
from ctl.tagging.engines import MEASURED
from ctl.tagging.exported import THRESHOLDS, Exported, OnnxModel
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import Trained, load_trained
from ctl.thresholds.decoding import Threshold, option_of


@dataclass(frozen=True)
class Export:
    """An exported model and its comparison with the model as trained.

    Attributes:
        folder: the folder that was written.
        trained: the model.
        difference: the largest difference of a probability.
        same: the number of compared sentences in which a pipeline of `transformers` finds the same entities.
        entities: the number of entities in all compared sentences.
        networks: the PyTorch file and the ONNX files by name, compared.
        threshold: that `ctl tag` takes, as its option has it; empty for none.
    """

    folder: Path
    trained: Trained
    difference: float
    same: int
    entities: int
    networks: dict[str, Compared] = field(default_factory=dict)
    threshold: str = ""

    def report(self) -> list[str]:
        """Describes the export in some lines."""
        return [
            f"{self.trained.method} ({self.trained.path}) -> {self.folder}",
            f"transformers.pipeline finds the same entities in {self.same} of {SENTENCES} sentences ({self.entities} "
            f"entities); largest difference of a probability {self.difference:.1e}",
            *(f"{name}: {network}" for name, network in self.networks.items()),
            *([f"`ctl tag` takes --threshold {self.threshold}; pipelines have none"] if self.threshold else []),
        ]


def export(
    run: str | Path,
    folder: Path,
    method: str | None = None,
    tokenizer: str | None = None,
    *,
    onnx: bool = False,
    int8: bool = False,
    threshold: Threshold | None = None,
    for_precision: float | None = None,
) -> Export:
    """Writes a trained tagger to a folder, which appears when all of it was compared with the original.

    Args:
        run: see `load_trained`.
        folder: where to write; it is made.
        method: the model to take, where the run is a transfer.
        tokenizer: the folder of the backbone, if it has moved since training.
        onnx: write ``model.onnx``.
        int8: write ``model_int8.onnx`` as well.
        threshold: that ``ctl tag`` and `load_tagger` take for the folder, where they are given none.
        for_precision: in place of a threshold, the precision that it is to have on source validation.

    Raises:
        CTLError: the model can't be exported.
        UnlikeOriginalError: the exported one gives other probabilities or entities.
    """
    if onnx or int8:
        check_extras()
    trained = load_trained(run, method, module=True)
    tagger = TextTagger(trained, tokenizer, "cpu", "32", threshold=threshold)
    set_for_precision(tagger, for_precision)
    thresholds = tagger.threshold_by_type()
    option = option_of(thresholds, tagger.schema.types)
    tagger.set_threshold(None)  # it is compared with networks and pipelines, which have none
    model, corpus = to_transformers(trained), sample(tagger)
    difference = check_network(tagger, model, corpus)
    assert isinstance(trained.model, Tagger)
    if thresholds:
        setattr(model.config, THRESHOLDS, thresholds)
    with whole(folder) as partial:
        partial.mkdir()
        model.save_pretrained(partial)
        _save_tokenizer(tagger, model.config, partial)
        exported = Export(folder, trained, difference, *compare_entities(tagger, partial, corpus), threshold=option)
        if onnx or int8:
            exported = replace(exported, networks=_onnx(tagger, model, partial, corpus, int8))
        write_card(partial / "README.md", trained, trained.model.backbone, exported.networks, folder.name, option)
    return exported


def _save_tokenizer(tagger: TextTagger, config: Any, folder: Path) -> None:  # noqa: ANN401
    """Saves a tagger's tokenizer, which then knows the longest input of the model."""
    tokenizer = copy.deepcopy(tagger.encoder.tokenizer)
    tokenizer.model_max_length = longest_input(tokenizer, config)
    tokenizer.save_pretrained(folder)


def check_extras() -> None:
    """Checks the packages that ONNX needs.

    Raises:
        CTLError: names the packages that are missing.
    """
    missing = [name for name in ("onnx", "onnxruntime", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise CTLError(f"ONNX needs {', '.join(missing)}: pip install 'ctl[onnx]'")


def _onnx(tagger: TextTagger, model: Any, folder: Path, corpus: Corpus, int8: bool) -> dict[str, Compared]:  # noqa: ANN401
    say("writing ONNX, which takes a minute or two ...")
    torch_file, file, small = (folder / name for name in ("model.safetensors", "model.onnx", "model_int8.onnx"))
    as_exported = with_network(tagger, Exported(model, range(len(tagger.schema))))
    networks = {torch_file.name: compare(as_exported, corpus, torch_file, tagger)}
    write_onnx(model, file)
    networks[file.name] = compare(with_network(tagger, OnnxModel(file)), corpus, file, tagger)
    check_onnx(file.name, networks[file.name])
    if int8:
        quantise(file, small)
        quantised = with_network(tagger, OnnxModel(small))
        networks[small.name] = scored(compare(quantised, corpus, small, tagger), quantised, tagger)
        check_int8(small.name, networks[small.name])
    write_json(folder / MEASURED, {name: network.measured() for name, network in networks.items()})
    return networks


def push(folder: Path, name: str) -> None:
    """Uploads a folder to the Hub as a private repository.

    Raises:
        CTLError: the Hub can't be reached or refuses.
    """
    from huggingface_hub import HfApi

    try:
        HfApi().create_repo(name, private=True, exist_ok=True)
        address = HfApi().upload_folder(repo_id=name, folder_path=folder)
    except Exception as error:  # whatever the network or the Hub may answer
        raise CTLError(
            f"{name}: not uploaded ({first_line(error)}); {folder} is complete, try `hf upload {name} {folder}`"
        ) from error
    say(f"uploaded: {address}")
