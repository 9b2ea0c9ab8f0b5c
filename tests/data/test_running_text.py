"""Words are cut as in running text, whatever the tokenizer."""

from itertools import chain

import numpy as np
import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from ctl.data.collation import Collator
from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder, special_tokens
from ctl.data.running_text import RunningText, share_out, text_of

SENTENCES = [
    "In winter Anna visits the old town of Berlin , and writes to the museum .",
    "Der Fluss Weser fließt durch Bremen ( Deutschland ) , 1984 .",
    "Anna lives in Berlin and Bernd lives in Bremen .",
    "winter in Bremen , Anna lives .",
    "„ Łódź “ и в Москву 3,5 % …",
]
UNSPACED = ["東京都は日本の首都である。", "東京は1998年に日本の首都", "กรุงเทพมหานคร", "日本の首都は東京都である。"]
PATTERN = r"\p{N}{1,3}|[^\r\n\p{L}\p{N}]?\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+"
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
KINDS = {  # the way of each, and whether it cuts the first word of a sentence otherwise
    "wordpiece": ("alone", False),
    "llama3": ("spaced", True),
    "gemma": ("spaced", True),
    "xlm-r": ("alone", False),
    "t5": ("alone", False),
    "sentencepiece": ("alone", False),
    "xlnet": ("alone", False),
    "unigram always": ("alone", False),
    "unigram first": ("alone", False),
    "unigram never": ("spaced", True),
    "across spaces": ("joined", False),
}


def build(kind: str) -> PreTrainedTokenizerFast:
    """A small tokenizer of this kind, trained on the sentences."""
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL, show_progress=False)
    unigram = trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    match kind:
        case "wordpiece":
            backend = Tokenizer(models.WordPiece(unk_token="<unk>"))
            backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False)
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
            backend, trainer = Tokenizer(models.Unigram()), unigram
            backend.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
            )
        case "xlnet":
            backend, trainer = Tokenizer(models.Unigram()), unigram
            cleaning = [normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents()]
            backend.normalizer = normalizers.Sequence([*cleaning, normalizers.Replace(Regex(" {2,}"), " ")])
            backend.pre_tokenizer = pre_tokenizers.Metaspace()
            ends = [("</s>", 3), ("<s>", 2)]
            backend.post_processor = processors.TemplateProcessing(single="$A:0 </s>:0 <s>:2", special_tokens=ends)
        case "unigram always" | "unigram first" | "unigram never":
            backend, trainer = Tokenizer(models.Unigram()), unigram
            backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=kind.partition(" ")[2])
        case "sentencepiece":  # without a pre-tokenizer the trainer would learn whole sentences
            backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
            backend.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    backend.train_from_iterator([*SENTENCES, *UNSPACED] * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>")


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def tokenizer(kind):
    return build(kind)


def encode(encoder, *sentences):
    """Encoded sentences of words, and their lengths."""
    words = [word for sentence in sentences for word in sentence]
    encoded = encoder.encode(Corpus("xx/train", words, np.cumsum([0, *map(len, sentences)])))
    return [encoded.example(number) for number in range(len(sentences))], encoded.lengths.tolist()


def places_of(tokenizer, text):
    whole = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return whole["input_ids"], whole["offset_mapping"]


def test_ways(kind, tokenizer):
    running = RunningText(tokenizer)
    assert (running.way, running.has_other_first) == KINDS[kind]


def test_a_sentence_has_the_subwords_of_running_text_word_by_word(kind, tokenizer):
    """Each word, the first one too, has the subwords that overlap it or the space before it."""
    examples, lengths = encode(WordEncoder(tokenizer, 64), *(sentence.split(" ") for sentence in SENTENCES))
    for sentence, example, length in zip(SENTENCES, examples, lengths, strict=True):
        ids, places = places_of(tokenizer, sentence)
        assert example.ids.tolist() == ids and length == len(ids)
        end = -1
        for first, count, word in zip(example.first, example.counts, sentence.split(" "), strict=True):
            begin, end = end + 1, end + 1 + len(word)  # in the text
            own = [n for n, (start, stop) in enumerate(places) if start < end and max(stop, start + 1) > begin - 1]
            own = [n for n in own if places[n][1] > begin or places[n] == (begin - 1, begin)] if begin else own
            assert list(range(first, first + count)) == own, word


@pytest.mark.parametrize("text", UNSPACED)
def test_characters_of_an_unspaced_sentence_are_read_as_running_text(kind, tokenizer, text):
    (example,), (length,) = encode(WordEncoder(tokenizer, 64), list(text))
    ids, places = places_of(tokenizer, text)
    swallowed = [all(not start <= n < max(stop, start + 1) for start, stop in places) for n in range(len(text))]
    assert length == len(example.ids) == len(ids) + sum(swallowed)
    assert any(swallowed) <= (kind == "xlnet")  # which strips marks, and Thai vowels are marks
    for number, (first, count) in enumerate(zip(example.first, example.counts, strict=True)):
        own = [ids[n] for n, (start, stop) in enumerate(places) if start <= number < max(stop, start + 1)]
        assert example.ids[first : first + count].tolist() == (own or [tokenizer.unk_token_id])
    if not any(swallowed):
        assert example.ids.tolist() == ids


def test_some_subwords_are_shared():
    (example,), _ = encode(WordEncoder(build("xlm-r"), 64), list(UNSPACED[0]))
    assert len(example.ids) < len(UNSPACED[0]) and (np.diff(example.first) == 0).any()


def test_the_text_of_a_sentence():
    texts = {
        ("Anna", "lives", "in", "Berlin", "."): "Anna lives in Berlin .",
        tuple("東京は1998年にIBM"): "東京は1998年にIBM",
        ("北京", "大学", "(", "PKU", ")", "在", "New", "York", "市"): "北京大学(PKU)在New York市",
        ("Er", "fuhr", "nach", "東", "京", "ab", "."): "Er fuhr nach 東京 ab .",
        ("1", "9", "8", "4"): "1 9 8 4",
        ("서울", "의", "東", "京"): "서울 의 東京",
        ("", "東"): "東",
    }
    for words, text in texts.items():
        joined, ends = text_of(words)
        assert joined == text
        assert [joined[:end].endswith(word) for end, word in zip(ends, words, strict=True)] == [True] * len(words)


def test_words_and_subwords_by_hand():
    """The text "ab cd e" in subwords "a", "b c", "d" and "!", which has no word; the third word has no subword."""
    places = np.array([[0, 1], [1, 4], [4, 5], [7, 8]])
    cut = share_out(np.array([2, 5, 6, 7]), np.array([10, 11, 12, 13], dtype=np.int32), places, unknown=99)
    assert cut.ids.tolist() == [10, 11, 12, 99, 99, 13]
    assert cut.starts.tolist() == [0, 1, 3, 4] and cut.counts.tolist() == [2, 2, 1, 1]
    empty = share_out(np.array([1, 2]), np.empty(0, dtype=np.int32), np.empty((0, 2), dtype=int), unknown=99)
    assert empty.ids.tolist() == [99, 99] and empty.starts.tolist() == [0, 1]


def test_words_that_would_be_one_unknown_token_are_read_alone():
    """A WordPiece tokenizer knows no word of letters that it never saw, however many there are."""
    encoder = WordEncoder(build("wordpiece"), 64)
    (example,), _ = encode(encoder, list("กขคง"))
    assert len(example.ids) == 4 and example.first.tolist() == [0, 1, 2, 3]


def test_a_spaced_sentence_is_read_word_by_word_beside_an_unspaced_one():
    encoder = WordEncoder(build("xlm-r"), 64)
    spaced, alone = SENTENCES[0].split(" "), ["Anna", "東"]
    together, lengths = encode(encoder, spaced, list(UNSPACED[0]), alone)
    assert together[0].starts is None and together[1].starts is not None and together[2].starts is None
    assert together[0].ids.tolist() == list(chain(*encoder.subwords(spaced)))
    assert lengths == [len(example.ids) for example in together]


def test_long_unspaced_sentences_are_windowed_and_lose_no_word():
    encoder = WordEncoder(build("xlm-r"), 6)
    text = "".join(UNSPACED) * 3
    examples, _ = encode(encoder, list(text), list(UNSPACED[0][:3]))
    batch = Collator(encoder)(examples)
    assert batch.words.tolist() == list(range(len(text) + 3))
    expected = np.concatenate([example.ids[example.first] for example in examples])
    assert batch.subwords.ids[batch.first].tolist() == expected.tolist() and batch.subwords.sizes.max() == 6
    assert ((batch.last - batch.first + 1).numpy() == np.concatenate([example.counts for example in examples])).all()


def test_no_text_has_no_subwords():
    encoded = WordEncoder(build("llama3"), 64).encode(Corpus("xx/train", [], np.zeros(1, dtype=np.int64)))
    assert encoded.lengths.tolist() == [] and len(encoded.pieces) == 0


def test_special_tokens_may_all_be_at_the_end():
    assert special_tokens(build("xlnet")) == ([], [3, 2])
