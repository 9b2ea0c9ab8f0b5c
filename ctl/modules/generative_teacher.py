"""The generative teacher: a language model that writes entities, prompted or tuned, and answers with distributions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ctl.backbones.adapters import Base
from ctl.backbones.facts import longest_input
from ctl.backbones.loading import build_language_model, load_language_model, load_tokenizer
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.llm.decoding import floored, nats, walk
from ctl.llm.prompt import Prompt, Shot, draw_shots
from ctl.llm.reader import check_reading
from ctl.llm.script import Script, raw_tokenizer
from ctl.llm.styles import prompt_style
from ctl.methods import PROMPTED, named
from ctl.modules.teacher import GoldTrained
from ctl.system.files import fingerprint
from ctl.system.numbers import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Share


class GenerativeTeacher(GoldTrained):
    """A causal language model that goes through a sentence and writes a tag at every word.

    At each word all tags are scored by the model's own probability of the text that stands for them, given the prompt,
    the sentence and what was written so far; their softmax is the word's distribution, and the model goes on with the
    most probable tag. So every answer aligns with the words, and a distribution needs one pass, not many samples.

    As it is loaded it is prompted, without or with examples; ``fit`` tunes it on gold labels of the sources in the
    same format, the loss being on what is chosen alone.

    Args:
        backbone: Hub name or folder of a causal language model.
        types: the entity types.
        style: ``tagged``, every word followed by its tag, or ``inline``, entities marked in it (`ctl.llm.styles`).
        shots: examples in the prompt, gold sentences of the sources' train splits.
        chat: use the tokenizer's chat template, where it has one.
        legal: let ``I-`` only continue an entity of its type.
        samples: 1 goes on with the most probable tag. More: as many walks draw their tags, and their distributions are
            averaged (self-consistency, Wang et al., ICLR 2023).
        sampling_temperature: of these draws.
        max_length: tokens of prompt and answer together, if less than what the model can read; sentences that are
            longer are cut.
        lora_rank: of the adapters that ``fit`` trains, see `FineTuned`; 0 trains all weights.
        base: numbers of the frozen model under adapters, or of a model that is only prompted.
        gradient_checkpointing: compute activations twice to hold fewer of them.
        lr: highest learning rate of AdamW. Adapters begin at zero and bear ten times what all weights do.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
        calibrate: see `GoldTrained`.
        variant: added to the method's name in results.
    """

    needs_training = False  # it can be asked as it is

    def __init__(
        self,
        backbone: str,
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        *,
        style: Literal["tagged", "inline"] = "tagged",
        shots: NonNegativeInt = 0,
        chat: bool = True,
        legal: bool = True,
        samples: PositiveInt = 1,
        sampling_temperature: PositiveFloat = 1.0,
        max_length: PositiveInt | None = None,
        lora_rank: NonNegativeInt = 16,
        base: Base = "float32",
        gradient_checkpointing: bool = False,
        lr: NonNegativeFloat = 2e-4,
        weight_decay: NonNegativeFloat = 0.01,
        warmup: Share = 0.1,
        calibrate: bool = False,
        variant: str | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            types=types,
            lr=lr,
            weight_decay=weight_decay,
            warmup=warmup,
            lora_rank=lora_rank,
            lora_dropout=0.0,
            base=base,
            gradient_checkpointing=gradient_checkpointing,
            calibrate=calibrate,
            variant=variant,
        )
        self.style: Literal["tagged", "inline"] = style
        self.shots = shots
        self.chat = chat
        self.legal = legal
        self.samples = samples
        self.sampling_temperature = sampling_temperature
        self.max_length = max_length
        self.seed = int(os.environ.get("PL_GLOBAL_SEED", 0))
        self.examples: tuple[Shot, ...] = ()
        self.predicted = 0

    def setup(self, stage: str) -> None:
        """Learns which languages it is taught, and draws its examples from their gold sentences.

        Raises:
            CTLError: there are none to draw from, or a setting makes no sense.
        """
        super().setup(stage)
        if self.samples < 1 or self.sampling_temperature <= 0 or self.shots < 0:
            raise CTLError("samples and sampling_temperature must be above zero, and shots zero or above")
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if self.shots and not data.sources:
            raise CTLError(f"{self.shots} shots are gold sentences of source languages: name some in data.sources")
        if stage == "fit" and self.base != "float32" and not self.lora_rank:
            raise CTLError(f"base {self.base} is for a frozen backbone: set lora_rank, or base to float32")
        corpora = [data.gold(source, "train") for source in data.sources] if self.shots else []
        self.examples = draw_shots(corpora, self.shots, self.seed)

    def configure_model(self) -> None:
        """Loads the model, once, and sees that it reads as it must."""
        if self.network is None:
            super().configure_model()
            assert self.network is not None
            check_reading(self.network.eval(), self.script)
            self.network.train()

    def load_backbone(self) -> Any:  # noqa: ANN401
        """Loads the language model."""
        return load_language_model(self.backbone, causal=True, base=self.base)

    def rebuild_backbone(self, config: dict[str, Any]) -> Any:  # noqa: ANN401
        """Builds the language model of a checkpoint from its configuration."""
        return build_language_model(config)

    def build_network(self, backbone: Any) -> LanguageModel:  # noqa: ANN401
        """Keeps the language model as it is: its own head writes the tags."""
        return LanguageModel(backbone)

    @cached_property
    def script(self) -> Script:
        """Prompt and answers as tokens."""
        tokenizer, config = raw_tokenizer(load_tokenizer(self.backbone)), self.backbone_model.config
        fits = min(longest_input(tokenizer, config), getattr(config, "sliding_window", None) or 10**9)
        prompt = Prompt(prompt_style(self.style, self.schema), self.examples)
        return Script(prompt, tokenizer, min(fits, self.max_length or fits), self.chat, self.legal)

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs``, the distributions of all words of a batch (N, C)."""
        self.predicted = dataloader_idx
        return super().predict_step(batch, batch_idx, dataloader_idx)

    def forward(self, batch: WordBatch) -> Tensor:
        """Gives the log-probabilities of the tags of all words (N, C)."""
        sentences = self.trainer.datamodule.words_of(batch, self.predicted)  # type: ignore[attr-defined]
        addresses = [int(words[0]) for words in torch.split(batch.words, batch.lengths.tolist())]
        return floored(self.distributions(sentences, addresses)).log()

    def distributions(self, sentences: Sequence[Sequence[str]], addresses: Sequence[int]) -> Tensor:
        """Gives the distributions of the words of all sentences, end to end (N, C).

        Args:
            sentences: words.
            addresses: of each sentence's first word; with the seed they say what is drawn.
        """
        parts = [
            (words[part], address + part.start)
            for words, address in zip(sentences, addresses, strict=True)
            for part in self.script.cut(words)
        ]
        rows = [words for words, _ in parts for _ in range(self.samples)]
        draws = [self._draws(sample, *part) for part in parts for sample in range(self.samples)]
        sampled = draws if self.samples > 1 else None
        walks = walk(self.network, self.script, rows, sampled, self.sampling_temperature)
        groups = [torch.stack(walks[begin : begin + self.samples]) for begin in range(0, len(walks), self.samples)]
        return torch.cat([group.mean(0) for group in groups])

    def _draws(self, sample: int, words: Sequence[str], address: int) -> npt.NDArray[np.float64]:
        return np.random.default_rng([self.seed, sample, address]).random(len(words))

    def training_step(self, batch: WordBatch) -> Tensor:
        """Takes one step; logs ``train/loss``, in nats a word."""
        sentences = self.trainer.datamodule.words_of(batch)  # type: ignore[attr-defined]
        tags = [labels.tolist() for labels in torch.split(batch.tags, batch.lengths.tolist())]
        loss = nats(self.backbone_model, self.script, sentences, tags)
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.words))
        return loss

    def checkpoint_extra(self) -> dict[str, Any]:
        """Gives the languages that it was taught, and the examples in its prompt."""
        shots = [[list(shot.words), list(shot.tags), shot.language] for shot in self.examples]
        return {**super().checkpoint_extra(), "examples": shots}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes the languages and the examples."""
        super().restore_extra(state)
        self.examples = tuple(Shot(tuple(words), tuple(tags), of) for words, tags, of in state["examples"])
        self.__dict__.pop("script", None)

    def identity(self) -> dict[str, Any]:
        """Says ``llm-direct:<lang>`` or ``llm-pooled`` if it was tuned, else ``llm-prompted``; and how it answers."""
        identity = super().identity()
        if not self.sources:
            identity["method"] = named(PROMPTED, self.variant)
            identity["sources"] = list(dict.fromkeys(shot.language for shot in self.examples))
        drawn = f", mean over {self.samples} walks drawn at temperature {self.sampling_temperature}"
        return {
            **identity,
            "probabilities": "softmax over the tags of the model's own log-probabilities, word by word"
            + (drawn if self.samples > 1 else ""),
            "prompt": {
                "style": self.style,
                "shots": len(self.examples),
                "legal": self.legal,
                "sha256": fingerprint(repr((self.script.prefix, self.script.after))),
            },
        }


class LanguageModel(nn.Module):
    """A causal language model under the name that checkpoints of ctl give a backbone.

    Args:
        encoder: the language model, head included.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, **inputs: Any) -> Any:  # noqa: ANN401
        """Gives the language model's output."""
        return self.encoder(**inputs)
