import json
import shutil

from ctl.main import main


def test_tables_what_is_wrong_and_the_next_command(family, capsys):
    assert main(["data", str(family), "--backbone", str(family / "encoder"), "--target", "a1"]) == 0
    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines()]
    sizes, entities = [row[2:] for row in rows if row[:2] == ["a2", "train"]]
    assert sizes[0] == "120" and len(entities) == 3 and "tokens a word" in said.out
    assert "words in column 1, tags in column 2" in said.out
    assert said.out.splitlines()[-1].startswith(f"next: ctl transfer --data.root {family} --backbone {family}/encoder")
    assert said.out.endswith("--sources '[a2,a3,b1]' --target a1\n")


def test_json_has_all_of_it_and_an_error_ends_with_status_2(family, tmp_path, capsys):
    shutil.copytree(family / "a2", tmp_path / "a2")
    (tmp_path / "a2" / "test.txt").write_text("Anna B-PER\nsang\n")
    assert main(["data", str(tmp_path), "--json"]) == 2
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["languages"]["a2"]["splits"]["train"]["sentences"] == 120 and record["command"] is None
    assert len(record["languages"]["a2"]["errors"]) == 1 and "a2" in record["problems"][0]
    assert said.err.startswith("ctl: error: ") and "test.txt:2: 1 of 2 columns" in said.err
