import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

from ctl.backbones.loading import load_tokenizer
from ctl.backbones.packing import hidden_states
from ctl.data.collation import Collator, windows
from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder
from ctl.data.reading.splits import read_split
from ctl.networks.word_classifier import pool_words

TEXT = ["the river Rhine flows", "from Basel to Rotterdam", "unaffable rivers in Basel", "the Netherlands , again"]


def train_tokenizer(kind: str) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer as BERT's, or a byte-level BPE as RoBERTa's, that reads no space before the first word."""
    if kind == "wordpiece":
        backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=90, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    else:
        backend = Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], initial_alphabet=alphabet
        )
    backend.train_from_iterator(TEXT, trainer)
    ids = [(token, backend.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    backend.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ids)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


@pytest.fixture(params=["wordpiece", "byte-level"])
def tokenizer(request, tmp_path):
    train_tokenizer(request.param).save_pretrained(tmp_path)
    BertConfig().save_pretrained(tmp_path)
    return load_tokenizer(str(tmp_path))


def corpus(*sentences: list[str]) -> Corpus:
    return Corpus("xx/train", [w for s in sentences for w in s], np.cumsum([0, *map(len, sentences)]))


def batch_of(encoder: WordEncoder, *sentences: list[str]):
    encoded = encoder.encode(corpus(*sentences))
    return Collator(encoder)([encoded.example(index) for index in range(len(sentences))])


def test_subwords_are_those_of_the_whole_sentence(tokenizer):
    """Tokenising each distinct word once gives what the tokenizer gives for the pre-tokenised sentence."""
    encoder = WordEncoder(tokenizer, 128)
    for line in TEXT:
        words = line.split()
        whole = tokenizer(words, is_split_into_words=True)
        batch = batch_of(encoder, words)
        assert batch.subwords.ids.tolist() == whole["input_ids"]
        firsts = [whole.word_ids().index(number) for number in range(len(words))]
        assert batch.first.tolist() == firsts
        lasts = [len(whole.word_ids()) - 1 - whole.word_ids()[::-1].index(number) for number in range(len(words))]
        assert batch.last.tolist() == lasts


def test_byte_level_words_are_read_with_the_space_before_them(tmp_path):
    train_tokenizer("byte-level").save_pretrained(tmp_path)
    BertConfig().save_pretrained(tmp_path)
    encoder = WordEncoder(load_tokenizer(str(tmp_path)), 128)
    plain = AutoTokenizer.from_pretrained(tmp_path)(" the Netherlands", add_special_tokens=False)["input_ids"]
    assert [piece for word in encoder.subwords(["the", "Netherlands"]) for piece in word] == plain


def test_words_that_the_tokenizer_swallows_keep_a_place(tokenizer):
    batch = batch_of(WordEncoder(tokenizer, 128), ["river", "\u200b", "Basel", "", "\u00a0", "\u0000"], ["\u200d"])
    assert len(batch.first) == 7
    assert len(set(batch.first.tolist())) == 7
    assert (batch.last >= batch.first).all()


@pytest.mark.parametrize("seed", range(30))
def test_windows_read_each_word_where_it_has_most_context(seed):
    rng = np.random.default_rng(seed)
    capacity = int(rng.integers(4, 40))
    counts = rng.integers(1, min(capacity, 6) + 1, size=int(rng.integers(1, 120)))
    ends = np.cumsum(counts)
    starts, total = ends - counts, int(ends[-1])
    cut = windows(counts, capacity)
    assert sorted(np.concatenate([window.words for window in cut]).tolist()) == list(range(len(counts)))

    def context(window, word):
        left = np.inf if window.begin == 0 else starts[word] - window.begin
        right = np.inf if window.end == total else window.end - ends[word]
        return min(left, right)

    for window in cut:
        assert 0 < window.end - window.begin <= capacity
        for word in window.words:
            assert window.begin <= starts[word] and ends[word] <= window.end
            covering = [other for other in cut if other.begin <= starts[word] and ends[word] <= other.end]
            assert context(window, word) == max(context(other, word) for other in covering)


def test_no_word_of_a_long_text_is_read_with_less_than_a_sixth_of_the_window_beside_it():
    """Unless it is near an end of the sentence."""
    counts = np.ones(1000, dtype=np.int64)
    for window in windows(counts, 60):
        for word in window.words:
            assert window.begin == 0 or word - window.begin >= 10
            assert window.end == 1000 or window.end - word > 10


def test_long_sentences_are_windowed_and_lose_no_word(tokenizer):
    encoder = WordEncoder(tokenizer, 16)
    long = ["Rotterdam", "the", "x" * 300, "Rhine"] * 50
    batch = batch_of(encoder, ["Basel"], long, ["the", "river"])
    assert batch.lengths.tolist() == [1, 200, 2]
    assert batch.subwords.sizes.max() <= 16
    assert batch.words.tolist() == list(range(203))
    first_ids = batch.subwords.ids[batch.first].tolist()
    assert first_ids == [encoder.subwords([word])[0][0] for word in ["Basel", *long, "the", "river"]]
    assert batch.owners.tolist() == sorted(batch.owners.tolist())


def test_padding_and_company_change_no_word(tokenizer):
    """A sentence's states are the same alone and beside a longer one."""
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    model = BertModel(BertConfig(vocab_size=len(tokenizer), **size)).eval()
    encoder = WordEncoder(tokenizer, 64)

    def states(*sentences, pooling):
        batch = batch_of(encoder, *sentences)
        return pool_words(hidden_states(model, batch.subwords), batch, pooling)

    words = TEXT[0].split()
    for pooling in ("first", "last", "mean"):
        with torch.no_grad():
            alone, beside = states(words, pooling=pooling), states(words, words * 3, pooling=pooling)[:4]
        torch.testing.assert_close(alone, beside, atol=1e-5, rtol=1e-5)


def test_mean_pooling_by_hand(tokenizer):
    encoder = WordEncoder(tokenizer, 64)
    batch = batch_of(encoder, ["Netherlands", "Rotterdam"], ["the", "unaffable"])
    hidden = torch.randn(len(batch.subwords.ids), 5, requires_grad=True)
    means = pool_words(hidden, batch, "mean")
    expected = [hidden[a : b + 1].mean(0) for a, b in zip(batch.first.tolist(), batch.last.tolist(), strict=True)]
    torch.testing.assert_close(means, torch.stack(expected))
    means.sum().backward()
    assert hidden.grad is not None
    pool_words(hidden.bfloat16(), batch, "mean")


def test_each_distinct_word_is_tokenised_once(tokenizer):
    encoder = WordEncoder(tokenizer, 64)
    encoded = encoder.encode(corpus(["the", "river", "the"], ["river", "the"]))
    assert len(encoded.piece_offsets) == 3
    the, river = (len(pieces) for pieces in encoder.subwords(["the", "river"]))
    assert encoded.lengths.tolist() == [2 * the + river, river + the]


def test_what_is_no_sentence_is_cut_into_windows(family):
    """Every word once, in windows that are full; real sentences stay as they are."""
    encoder = WordEncoder(load_tokenizer(str(family / "encoder")), 16)
    words = read_split("a1", "train", root=family).words[:600]
    text = Corpus("xx/train", [*words, "a", "b"], np.array([0, 5, 600, 602]), np.arange(602, dtype=np.int16))
    whole = encoder.encode(text)
    cut = whole.in_windows(encoder.capacity)
    assert cut.owners.tolist() == [0, *[1] * (len(cut.corpus) - 2), 2]
    assert cut.lengths.sum() == whole.lengths.sum() and cut.lengths.max() <= encoder.capacity
    sizes = np.diff(whole.piece_offsets)[whole.types]
    opening = sizes[cut.corpus.offsets[2:-2]]  # the next word would not have fitted
    assert (cut.lengths[1:-2] + opening > encoder.capacity).all()
    examples = [cut.example(number) for number in range(len(cut.corpus))]
    assert np.concatenate([example.tags for example in examples]).tolist() == list(range(602))
    assert (
        np.concatenate([example.ids for example in examples]).tolist()
        == np.concatenate([whole.example(number).ids for number in range(3)]).tolist()
    )
    usual = encoder.encode(Corpus("xx/train", words[:60], np.arange(0, 61, 6)))
    assert usual.in_windows(encoder.capacity) is usual
