"""A tokenizer of artificial languages, and an encoder and a decoder with random weights."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_backbones(folder: Path, text: Sequence[str], vocabulary: int, width: int, layers: int, seed: int) -> None:
    """Writes ``encoder``, a BERT, and ``decoder``, a causal Qwen3, of one size and with one tokenizer.

    Args:
        folder: where the two folders are made.
        text: sentences that the vocabulary is made from.
        vocabulary: entries of the vocabulary.
        width: of the hidden states.
        layers: of either model.
        seed: of the random weights.
    """
    import torch
    import transformers
    from transformers import BertConfig, BertModel, Qwen3Config, Qwen3ForCausalLM

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = make_tokenizer(text, vocabulary)
    size: dict[str, Any] = {
        "vocab_size": len(tokenizer), "hidden_size": width, "num_hidden_layers": layers,
        "num_attention_heads": 4, "intermediate_size": 2 * width, "max_position_embeddings": 128,
        "pad_token_id": 0,
    }  # fmt: skip
    dropout: dict[str, Any] = {"attention_probs_dropout_prob": 0.0}  # with it, attention on a CPU takes twice the time
    heads: dict[str, Any] = {"num_key_value_heads": 2, "head_dim": width // 4, "tie_word_embeddings": True}
    for name, model in (
        ("encoder", lambda: BertModel(BertConfig(**size, **dropout), add_pooling_layer=False)),
        ("decoder", lambda: Qwen3ForCausalLM(Qwen3Config(**size, **heads))),
    ):
        tokenizer.save_pretrained(folder / name)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model().save_pretrained(folder / name)


def make_tokenizer(text: Sequence[str], vocabulary: int) -> Any:  # noqa: ANN401
    """A WordPiece tokenizer of `transformers` with so many entries; it reads at most 128 subwords."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *frequent_pieces(text, vocabulary - len(special))]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    backend = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(token, backend.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    backend.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend, model_max_length=128, **names
    )


def frequent_pieces(text: Sequence[str], size: int) -> list[str]:
    """A WordPiece vocabulary: every character, then the pieces that cover most letters of the text."""
    words = Counter(word for line in text for word in line.split())
    covered: Counter[str] = Counter()
    for word, count in words.items():
        for start, end in itertools.combinations(range(len(word) + 1), 2):
            covered[("##" if start else "") + word[start:end]] += count * (end - start - 1)
    singles = sorted(piece for piece, letters in covered.items() if letters == 0)
    return [*singles, *sorted(covered.keys() - set(singles), key=lambda piece: (-covered[piece], piece))][:size]
