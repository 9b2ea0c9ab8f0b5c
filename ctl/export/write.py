"""``ctl export``: a trained tagger as a folder for `transformers`, and as ONNX, each compared with the original."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ctl.backbones.loading import load_config, load_tokenizer, longest_input
from ctl.data.corpus import Corpus
from ctl.errors import CTLError, first_line
from ctl.export.check import SENTENCES, TOLERANCE, Measured, check_network, compare_entities, instead, measure, sample
from ctl.export.model_card import write_card
from ctl.export.onnx import quantise, write_onnx
from ctl.export.token_classifier import to_transformers
from ctl.system.console import say
from ctl.tagging.exported import OnnxModel
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import Trained, load_trained


@dataclass(frozen=True)
class Export:
    """What was exported and how it compares with the model as trained.

    Attributes:
        folder: where it is.
        trained: the model.
        difference: largest difference of a probability.
        same: sentences of the self-check in which a pipeline of `transformers` finds the same entities.
        entities: how many there are in them.
        networks: PyTorch and the ONNX files by name, and how they compare.
    """

    folder: Path
    trained: Trained
    difference: float
    same: int
    entities: int
    networks: dict[str, Measured] = field(default_factory=dict)

    def report(self) -> list[str]:
        """What there is to say about it, a line each."""
        return [
            f"{self.trained.method} ({self.trained.path}) -> {self.folder}",
            f"transformers.pipeline finds the same entities in {self.same} of {SENTENCES} sentences ({self.entities} "
            f"entities); largest difference of a probability {self.difference:.1e}",
            *(f"{name}: {measured}" for name, measured in self.networks.items()),
        ]


def export(
    run: str | Path,
    folder: Path,
    method: str | None = None,
    tokenizer: str | None = None,
    *,
    onnx: bool = False,
    int8: bool = False,
) -> Export:
    """Writes a trained tagger to a folder and compares it.

    Args:
        run: see `load_trained`.
        folder: is made.
        method: of a transfer, which of its models.
        tokenizer: where the backbone is, if it was moved.
        onnx: write ``model.onnx``.
        int8: write ``model_int8.onnx`` as well.

    Raises:
        CTLError: the model can't be exported, or what was exported does not answer alike.
    """
    if onnx or int8:
        check_extras()
    trained = load_trained(run, method)
    tagger = TextTagger(trained, tokenizer, "cpu", "32")
    model, corpus = to_transformers(trained), sample(tagger)
    difference = check_network(tagger, model, corpus)
    name = tokenizer or trained.tokenizer
    words = load_tokenizer(name)
    words.model_max_length = longest_input(words, load_config(name))
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    exported = Export(folder, trained, difference, *compare_entities(tagger, folder, corpus))
    if onnx or int8:
        exported = replace(exported, networks=_onnx(tagger, model, folder, corpus, int8))
    write_card(folder / "README.md", trained, name, exported.networks)
    return exported


def check_extras() -> None:
    """Stops early where a package is missing.

    Raises:
        CTLError: says which.
    """
    missing = [name for name in ("onnx", "onnxruntime", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise CTLError(f"ONNX needs {', '.join(missing)}: pip install 'ctl[onnx]'")


def _onnx(tagger: TextTagger, model: Any, folder: Path, corpus: Corpus, int8: bool) -> dict[str, Measured]:  # noqa: ANN401
    say("writing ONNX, which takes a minute or two ...")
    file = folder / "model.onnx"
    write_onnx(model, file)
    found = {"model.safetensors": measure(tagger, corpus, folder / "model.safetensors")}
    for path in [file, file.with_name("model_int8.onnx")][: 1 + int8]:
        if path != file:
            quantise(file, path)
        found[path.name] = measure(instead(tagger, OnnxModel(path)), corpus, path, like=tagger)
    if found[file.name].difference > TOLERANCE:
        raise CTLError(f"{file}: a probability differs by {found[file.name].difference:.2f} from the original's")
    return found


def push(folder: Path, name: str) -> None:
    """Uploads a folder to the Hub as a private repository.

    Raises:
        CTLError: the Hub could not be reached or did not let us in.
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
