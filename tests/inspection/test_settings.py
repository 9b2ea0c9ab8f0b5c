"""A stranger's run is data: what it says of its text is read as plain values, and anything else is refused."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctl.errors import CTLError
from ctl.inspection.settings import CHECKS, named_weights, read_settings, root_of, text_name

HUB = {"*": {"path": "unimelb-nlp/wikiann", "name": "{lang}", "data_dir": None, "revision": "refs/convert/parquet"}}

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from(["", "..", "a/b", "/etc", "NFC", "http://x"])
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["path", "name", "data_dir", "de", "PER"]), inner, max_size=3),
    ),
    max_leaves=5,
)


@pytest.fixture
def config(tmp_path):
    def write(data, **more):
        (tmp_path / "config.yaml").write_text(yaml.safe_dump({"data": data, **more}))
        return tmp_path / "config.yaml"

    return write


def test_only_what_finds_the_text_is_taken(config):
    plain = {"root": "data", "hub": HUB, "type_map": {"PER": None}, "encoding": "latin-1", "limit": 7, "target": "de"}
    plain["drop_test_duplicates"] = True
    other = {
        "backbone": "evil",
        "num_workers": 9,
        "synthetic": {"families": [2]},
        "soft_labels": "/etc",
        "filter": None,
    }
    path = config({**plain, **other}, trainer={"callbacks": [{"class_path": "os.abort"}]}, model={"class_path": "X"})
    assert read_settings(path) == plain


@given(name=st.sampled_from(sorted(CHECKS)), value=VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_is_taken_as_it_is_or_refused_in_one_line(config, name, value):
    path = config({name: value})
    try:
        taken = read_settings(path)
    except CTLError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert taken == ({} if value is None else {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("root", ["a"]),
        ("root", "https://evil.example/data"),
        ("root", "a\0b"),
        ("limit", -1),
        ("limit", "7"),
        ("drop_test_duplicates", "os.abort"),
        ("target", "../../etc"),
        ("target", ".."),
        ("target", "/etc"),
        ("target", "a" * 65),
        ("encoding", 3),
        ("type_map", {"PER": 3}),
        ("hub", "evil/repository"),
        ("hub", {"de": {"path": "csv", "data_dir": "https://evil.example"}}),
        ("hub", {"de": {"path": "/home/me/secret"}}),
        ("hub", {"de": {"path": "a/b", "data_dir": "https://evil.example"}}),
        ("hub", {"de": {"path": "a/b", "data_dir": "../../secret"}}),
        ("hub", {"de": {"path": "a/b", "name": 3}}),
        ("hub", {"de": {"path": "a/b", "class_path": "os.abort"}}),
    ],
)
def test_values_that_are_not_what_they_must_be(config, name, value):
    with pytest.raises(CTLError, match=rf"data\.{name} .* is not to be trusted; say it yourself: --data\.{name}"):
        read_settings(config({name: value}))


@pytest.mark.parametrize("text", ["[", "!!python/object/apply:os.abort []", "3", "data: 3", "[" * 5000, "\0"])
def test_what_is_no_configuration(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(CTLError, match=r"config\.yaml: (not readable|no configuration)"):
        read_settings(tmp_path / "config.yaml")


@pytest.mark.parametrize("name", ["../../etc/train", "/etc/train", "de/../train", "de/", "train", "de/other", 3, None])
def test_names_that_lead_elsewhere(tmp_path, name):
    with pytest.raises(CTLError, match="is no name of a text, such as de/train"):
        text_name(name, tmp_path)
    assert text_name("zh-TW/train", tmp_path) == ("zh-TW", "train")


def test_the_data_of_a_run_that_was_moved(tmp_path):
    stage = tmp_path / "now" / "teachers" / "en"
    (tmp_path / "now" / "data").mkdir(parents=True)
    assert root_of({"root": "runs/then/data"}, stage) == tmp_path / "now" / "data"
    assert str(root_of({"root": "gone"}, stage)) == "gone" and root_of({}, stage) is None


def test_weights_are_a_file_of_tensors(config):
    def named(weights):
        return named_weights(config({}, model={"init_args": {"weights": weights}}))

    assert named("run/weights/train.safetensors") == "run/weights/train.safetensors"
    assert named("run/weights.json") is None and named(3) is None and named("http://x/a.safetensors") is None
