from ctl.backbones.loading import load_tokenizer
from ctl.data.reading.splits import read_split
from ctl.data.synthetic.backbones import frequent_pieces


def test_encoder_loads(family):
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(family / "encoder")
    assert tokenizer.is_fast and tokenizer.model_max_length == 128
    assert AutoModel.from_pretrained(family / "encoder").config.hidden_size == 32
    words = set(read_split("a1", "train", root=family).words)
    assert tokenizer.unk_token_id not in {i for word in words for i in tokenizer(word)["input_ids"]}


def test_the_vocabulary_by_hand():
    """Every character comes first; then what covers most letters: `aba` 2 x 2, against 2 x 1 for its halves."""
    assert frequent_pieces(["aba aba", "b"], 4) == ["##a", "##b", "a", "b"]
    assert frequent_pieces(["aba aba", "b"], 6)[4:] == ["aba", "##ba"]


def test_decoder_and_encoder_share_their_tokenizer(family):
    text = "one two"
    encoded = [load_tokenizer(str(family / name))(text)["input_ids"] for name in ("encoder", "decoder")]
    assert encoded[0] == encoded[1]
