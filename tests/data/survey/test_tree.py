import pytest

from ctl.data.reading.form import USUAL
from ctl.data.survey.tree import survey
from ctl.errors import CTLError

TAGGED = "Anna B-PER\nsang O\n\nin O\nBern I-LOC\n"


def make(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_tree_by_hand(tmp_path):
    """Splits have several names; a stray I- is put right; other files are named, other folders left out."""
    files = {
        "en/train.txt": TAGGED, "en/dev.txt": "Anna B-PER\nsang O\n", "en/trian.txt": TAGGED, "en/notes.md": "x",
        "ru/train.text": "Анна пела. Она пела.\n", "encoder/config.json": "{}", ".git/train.txt": TAGGED,
    }  # fmt: skip
    languages = survey(make(tmp_path, files), USUAL)
    assert list(languages) == ["en", "ru"]
    english, russian = languages.values()
    assert english.can_teach and english.types == ["LOC", "PER"] and english.script == "latin"
    assert english.splits["train"].repaired == 1 and english.splits["validation"].seen == {"train": 1}
    assert english.unread == (str(tmp_path / "en" / "trian.txt"),) and english.subwords is None
    assert russian.script == "cyrillic" and russian.splits["train"].sentences == 2 and not russian.types
    assert russian.splits["train"].how.startswith("plain text") and not russian.can_teach


def test_what_can_not_be_read_is_told_and_the_rest_is_read(tmp_path):
    """Wrong tags leave raw text; a file that is no text leaves nothing."""
    files = {"en/train.txt": "Anna B-PER\nsang X-Y\n", "en/test.txt": TAGGED, "nl/train.txt": TAGGED}
    make(tmp_path, files)
    (tmp_path / "nl" / "test.txt").write_bytes(b"\xff\x00\x01" * 9)
    languages = survey(tmp_path, USUAL)
    (reason,) = languages["en"].untagged
    assert "train.txt:2: unknown tag 'X-Y'" in reason and languages["en"].splits["train"].entities is None
    (error,) = languages["nl"].errors
    assert "test.txt" in error and list(languages["nl"].splits) == ["train"] and not languages["nl"].untagged


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"train.txt": TAGGED}, "this is the folder of one language: name the folder that it is in"),
        ({"one/two/train.txt": TAGGED}, r"none of its folders \(one\) has a split; a split is a file such as"),
        ({"notes.md": "x"}, "it has no folders"),
    ],
)
def test_a_folder_that_is_no_tree(files, said, tmp_path):
    with pytest.raises(CTLError, match=said):
        survey(make(tmp_path, files), USUAL)
    with pytest.raises(CTLError, match="no such folder"):
        survey(tmp_path / "nowhere", USUAL)
