from pathlib import Path

import pytest

from ctl.data.reading.form import USUAL, Form
from ctl.data.survey.how import how_it_is_read

FILES = {
    "train.txt": ("Anna B-PER\nsang O\n", "words in column 1, tags in column 2"),
    "train.tsv": ("0\tAnna\tNNP\tB-PER\n1\tsang\tVBD\tO\n", "words in column 2, tags in column 4"),
    "test.txt": ("Anna\nsang\n", "words in column 1, no tags"),
    "dev.conllu": (
        "\t".join(["1", "Anna", *"_______", "NER=B-PER|x=y"]),
        "words in column 2, tags in column 10 among other values",
    ),
    "train.csv": (
        "Sentence #,Word,Tag\nSentence: 1,Anna,B-PER\n,sang,O\n",
        "words in column 2, tags in column 3, numbers of sentences in column 1",
    ),
    "train.jsonl": ("{}", "JSON"),
    "train.ann": ("", "brat, a text and its entities"),
    "train.text": ("Anna sang.", "plain text, cut into sentences and words"),
    "train.conll": ("", "no sentences"),
}


@pytest.mark.parametrize("name", FILES)
def test_form_and_columns_are_said(name, tmp_path):
    text, said = FILES[name]
    (tmp_path / name).write_text(text)
    assert how_it_is_read(tmp_path / name, USUAL) == said


def test_columns_that_were_chosen_are_said(tmp_path):
    (tmp_path / "train.txt").write_text("Anna B-PER O\nsang O B-X\n")
    assert how_it_is_read(tmp_path / "train.txt", Form(tag_column=2)) == "words in column 1, tags in column 2"


def test_a_folder_is_one_of_brat_or_of_a_language_with_plain_text(tmp_path):
    for name, said in (("train", "brat, texts and their entities"), ("de", "plain text, cut into sentences and words")):
        (tmp_path / name).mkdir()
        assert how_it_is_read(Path(tmp_path / name), USUAL) == said
