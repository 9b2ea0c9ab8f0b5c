"""Words are cut as in running text, whatever the tokenizer."""

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from ctl.data.encoding import WordEncoder, needs_space

SENTENCES = [
    "In winter Anna visits the old town of Berlin , and writes to the museum .",
    "Der Fluss Weser fließt durch Bremen ( Deutschland ) , 1984 .",
    "Anna lives in Berlin and Bernd lives in Bremen .",
]
PATTERN = r"\p{N}{1,3}|[^\r\n\p{L}\p{N}]?\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+"


def build(kind: str) -> PreTrainedTokenizerFast:
    """A small tokenizer of this kind, trained on the sentences."""
    special = ["<pad>", "<unk>", "<s>", "</s>"]
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    match kind:
        case "wordpiece":
            backend = Tokenizer(models.WordPiece(unk_token="<unk>"))
            backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
        case "llama3":
            split = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated")
            byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
            backend.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
            backend.decoder = decoders.ByteLevel()
        case "gemma":
            backend.normalizer = normalizers.Replace(" ", "▁")
            backend.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
        case "xlm-r":
            backend.pre_tokenizer = pre_tokenizers.Metaspace()
        case "t5":
            backend = Tokenizer(models.Unigram())
            backend.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
            )
            trainer = trainers.UnigramTrainer(
                vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False
            )
        case "sentencepiece":
            backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    if kind == "sentencepiece":  # without a pre-tokenizer the trainer would learn whole sentences
        backend.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    backend.train_from_iterator(SENTENCES * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>")


@pytest.mark.parametrize("kind", ["wordpiece", "llama3", "gemma", "xlm-r", "t5", "sentencepiece"])
def test_words_are_cut_as_in_running_text(kind):
    tokenizer = build(kind)
    encoder = WordEncoder(tokenizer, 64)
    for sentence in SENTENCES:
        words = sentence.split(" ")
        ids = [piece for pieces in encoder.subwords(words)[1:] for piece in pieces]
        assert tokenizer(sentence, add_special_tokens=False)["input_ids"][-len(ids) :] == ids
    assert needs_space(tokenizer) == (kind in ("llama3", "gemma"))
