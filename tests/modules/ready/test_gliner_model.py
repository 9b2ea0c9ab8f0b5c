"""GLiNER, against its own answers on the same sentences; a tiny model with random weights, built from its config."""

import copy
import json

import pytest
import torch
from safetensors.torch import save_file

from ctl.data.tags import TagSchema, span_ends
from ctl.errors import CTLError
from ctl.modules.ready.gliner_model import Gliner

gliner = pytest.importorskip("gliner", reason="pip install 'ctl[gliner]'")
SCHEMA = TagSchema(("PER", "LOC"))


class Words:
    """As much of a batch as GLiNER looks at."""

    def __init__(self, sentences):
        self.words = torch.zeros(sum(map(len, sentences)))


@pytest.fixture(scope="module")
def folder(family, tmp_path_factory):
    from transformers import AutoTokenizer, BertConfig

    tokenizer = AutoTokenizer.from_pretrained(family / "encoder")
    tokenizer.add_tokens(["[FLERT]", "<<ENT>>", "<<SEP>>"], special_tokens=True)
    encoder = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    settings = {
        "encoder_config": encoder.to_dict(), "model_name": "none", "hidden_size": 32, "max_width": 3, "max_len": 40,
        "vocab_size": len(tokenizer), "class_token_index": tokenizer.convert_tokens_to_ids("<<ENT>>"),
    }  # fmt: skip
    config = gliner.GLiNERConfig(**copy.deepcopy(settings))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        kind = gliner.GLiNER._get_gliner_class(config)
        model = kind(config, tokenizer=tokenizer, backbone_from_pretrained=False)
    path = tmp_path_factory.mktemp("gliner")
    save_file(
        {name: weight.contiguous() for name, weight in model.model.state_dict().items()}, path / "model.safetensors"
    )
    (path / "gliner_config.json").write_text(json.dumps(settings))
    tokenizer.save_pretrained(path)
    return path


def test_its_most_probable_tags_are_its_own_answers(folder, test_split):
    sentences = [test_split.sentence(number) for number in range(12)]
    tagger = Gliner(str(folder), SCHEMA, {"town": "LOC"})
    assert tagger.asked == {"town": "LOC", "person": "PER"}
    with torch.inference_mode():
        probs = tagger.probabilities(Words(sentences), sentences)
    assert torch.allclose(probs.sum(-1), torch.ones(len(probs)), atol=1e-5)
    found = 0
    for words, part in zip(sentences, torch.split(probs, [len(words) for words in sentences]), strict=True):
        text = " ".join(words)
        theirs = tagger.network.predict_entities(text, ["town", "person"], threshold=0.5)
        wanted = [(text[: e["start"]].count(" "), text[: e["end"]].count(" ") + 1, e["label"]) for e in theirs]
        tags = part.argmax(-1)
        ends, kinds = span_ends(tags, torch.tensor([len(words)])).tolist(), SCHEMA.type_of(tags).tolist()
        names = {0: "person", 1: "town"}
        assert [(first, end, names[kinds[first]]) for first, end in enumerate(ends) if end >= 0] == wanted
        found += len(wanted)
    assert found > 5


def test_a_long_sentence_is_read_in_parts(folder, test_split):
    words = list(test_split.words[:200])
    tagger = Gliner(str(folder), SCHEMA)
    parts = list(tagger._cut(words))
    assert len(parts) > 3 and [word for part in parts for word in part] == words
    with torch.inference_mode():
        assert tagger.probabilities(Words([words]), [words]).shape == (200, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder_config": None}, "no encoder_config, so GLiNER would take it from the Hub"),
        ({"auto_map": {"AutoModel": "evil.Model"}}, "asks for code from elsewhere"),
        ({"_attn_implementation": "some/kernel"}, "asks for code from elsewhere"),
    ],
)
def test_a_folder_that_asks_for_more_is_refused(folder, tmp_path, change, message):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "gliner_config.json").read_text())
    (tmp_path / "gliner_config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(CTLError, match=message):
        Gliner(str(tmp_path), SCHEMA)


def test_pickled_weights_are_not_read(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name.replace("model.safetensors", "pytorch_model.bin")).write_bytes(file.read_bytes())
    with pytest.raises(CTLError, match=r"no model\.safetensors, and ctl reads no pickled weights"):
        Gliner(str(tmp_path), SCHEMA)
    with pytest.raises(CTLError, match="neither a folder here nor a model that the Hub could give"):
        Gliner("nobody/nothing", SCHEMA)
