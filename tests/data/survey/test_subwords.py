import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder
from ctl.data.survey.subwords import count_subwords


def test_subwords_by_hand():
    """abc is two of them, d is one, and zz is one that is not known: (2 + 1 + 1 + 2) / 4 a word, one of six unknown."""
    backend = Tokenizer(models.WordPiece({"[UNK]": 0, "ab": 1, "##c": 2, "d": 3, "a": 4}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    encoder = WordEncoder(PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]"), 16)
    cut = count_subwords(encoder, Corpus("xx/train", ["abc", "d", "zz", "abc"], np.array([0, 3, 4])))
    assert cut.per_word == pytest.approx(1.5) and cut.unknown == pytest.approx(1 / 6)
