import pytest

from ctl.errors import CTLError
from ctl.main import main
from ctl.system.configs import ROOT, find_configs


def test_a_file_of_the_user_comes_first_and_the_packages_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_configs(["--config", "configs/teacher.yaml", "-c=configs/teacher.yaml"]) == [
        "--config", str(ROOT / "configs/teacher.yaml"), f"-c={ROOT / 'configs/teacher.yaml'}",
    ]  # fmt: skip
    (tmp_path / "mine.yaml").write_text("seed: 1")
    assert find_configs(["--config", "mine.yaml"]) == ["--config", "mine.yaml"]
    with pytest.raises(CTLError, match=r"no file nowhere.yaml, here or in the package, which has: configs/"):
        find_configs(["--config", "nowhere.yaml"])


@pytest.mark.parametrize(
    ("command", "file"),
    [
        *((name, "configs/teacher.yaml") for name in ("fit", "validate", "test", "predict")),
        ("transfer", "configs/transfer/quickstart.yaml"),
        ("study", "configs/study/quickstart.yaml"),
    ],
)
def test_every_command_finds_shipped_configurations_from_any_folder(command, file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main([command, "--config", file, "--print_config"])
    assert end.value.code == 0 and "backbone:" in capsys.readouterr().out


def test_a_file_that_was_renamed_is_found_with_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["predict", "--config", "configs/llm_teacher.yaml", "--print_config"])
    printed = capsys.readouterr()
    assert end.value.code == 0 and "GenerativeTeacher" in printed.out
    assert printed.err == "ctl: configs/llm_teacher.yaml is called configs/generative_teacher.yaml now\n"


def test_mistakes_name_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "--config", "configs/taecher.yaml"]) == 2
    assert capsys.readouterr().err.startswith("ctl: error: no file configs/taecher.yaml, here or in the package")
