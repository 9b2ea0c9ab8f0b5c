import subprocess
import sys

import pytest
import yaml

from ctl.configs import ROOT, find_configs
from ctl.errors import CTLError
from ctl.main import main


def test_help_is_quick_and_names_every_command(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for command in ("transfer", "fit", "validate", "test", "predict"):
        assert f"ctl {command}" in told
    code = "import sys; from ctl.main import main; main(['--help']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ctl ")


def test_module_is_the_command():
    assert subprocess.run([sys.executable, "-m", "ctl", "--version"], check=True, capture_output=True, text=True).stdout


def test_configs_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_configs(["--config", "configs/teacher.yaml", "-c=configs/teacher.yaml"]) == [
        "--config", str(ROOT / "configs/teacher.yaml"), f"-c={ROOT / 'configs/teacher.yaml'}",
    ]  # fmt: skip
    (tmp_path / "mine.yaml").write_text("seed: 1")
    assert find_configs(["--config", "mine.yaml"]) == ["--config", "mine.yaml"]
    with pytest.raises(CTLError, match=r"no file nowhere.yaml, here or in the package, which has: configs/"):
        find_configs(["--config", "nowhere.yaml"])


STAGES = sorted(path for path in (ROOT / "configs").glob("*.yaml"))
TRANSFERS = sorted(path for group in ("transfer", "backbone") for path in (ROOT / "configs" / group).glob("*.yaml"))


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_every_stage_config_is_valid(path):
    with pytest.raises(SystemExit) as end:
        main(["fit", "--config", str(path), "--print_config"])
    assert end.value.code == 0


@pytest.mark.parametrize("path", sorted((ROOT / "configs/trainer").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_trainer_config_is_valid(path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["fit", "--config", str(ROOT / "configs/teacher.yaml"), "--config", str(path), "--print_config"])
    assert end.value.code == 0
    told = yaml.safe_load(capsys.readouterr().out)["trainer"]
    given = yaml.safe_load(path.read_text(encoding="utf-8"))["trainer"]
    assert all(told[key] == given[key] for key in ("accelerator", "devices"))
    assert "FSDPStrategy" in str(told["strategy"]) if path.stem == "fsdp" else told["strategy"] == given["strategy"]


@pytest.mark.parametrize("path", TRANSFERS, ids=lambda path: path.stem)
def test_every_transfer_config_is_valid(path):
    from ctl.transfer import Transfer

    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = {"sources": "[en,nl]", "target": "de", "backbone": "somewhere"}
    extra = [part for name, value in missing.items() if name not in given for part in (f"--{name}", value)]
    settings = Transfer.parse(["--config", str(path), *extra]).settings
    assert holds(settings, given)


def holds(settings, given):
    """Whether all that a file gives is in the settings."""
    if isinstance(given, dict):
        return all(holds(settings[key], value) for key, value in given.items())
    return list(settings) == given if isinstance(given, list) else settings == given
