import signal
import subprocess
import sys
import time

import pytest
import yaml
from processes import Command

from ctl.command_table import ALL
from ctl.commands.transfer import parse
from ctl.errors import CTLError
from ctl.main import main
from ctl.system.configs import ROOT


def test_help_is_quick_and_names_every_command(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for name, command in ALL.items():
        assert f"  {name} " in told and command.example in told
    code = "import sys; from ctl.main import ALL, main; main(['--help']); sys.exit(len(sys.modules.keys() & HEAVY))"
    heavy = {"torch", "lightning", "transformers", "jsonargparse", "numpy", "rich", "pandas"}
    subprocess.run([sys.executable, "-c", code.replace("HEAVY", repr(heavy))], check=True, capture_output=True)


@pytest.mark.parametrize("name", ALL)
def test_every_command_explains_itself_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Example" in told and f"ctl {name}" in told.partition("Example")[2]


def test_mistakes_are_one_line_with_status_2(capsys):
    for arguments, told in {
        ("trasfer",): "unknown command trasfer: did you mean transfer?",
        ("xyzzy",): "unknown command xyzzy: there are transfer, ",
        ("completion", "tcsh"): "no completion for tcsh; there is bash, zsh, fish",
    }.items():
        assert main(list(arguments)) == 2
        assert capsys.readouterr().err.startswith(f"ctl: error: {told}")
    with pytest.raises(CTLError):
        main(["xyzzy", "--traceback"])
    for arguments, told in {
        ("fit", "--nonsense", "1"): "unknown option --nonsense: `ctl fit --help` lists them",
        ("fit", "--trainre.max_epochs", "1"): "unknown option --trainre.max_epochs: did you mean --trainer.max_epochs?",
        ("transfer", "--sorces", "[en]"): "unknown option --sorces: did you mean --sources?",
    }.items():
        assert main(list(arguments)) == 2
        assert capsys.readouterr().err == f"ctl: error: {told}\n"


def test_what_is_unexpected_has_its_traceback(monkeypatch):
    monkeypatch.setattr("ctl.commands.machine.doctor.facts", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


def test_interrupted_is_one_line_with_status_130(family, tmp_path):
    """By Ctrl-C in the middle of training, where Lightning has its own way to end."""
    command = [
        "fit", "--config", "configs/teacher.yaml", "--data.root", family,
        "--data.sources", "[a2]", "--data.target", "a1", "--data.backbone", family / "encoder",
        "--trainer.default_root_dir", tmp_path, "--trainer.max_epochs", "100000", "--trainer.callbacks", "[]",
        "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false",
        "--trainer.enable_checkpointing", "false",
    ]  # fmt: skip
    with Command(*command) as process:
        log = tmp_path / "logs" / "fit" / "metrics.csv"
        while not log.exists() and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130, told
    assert told.splitlines()[-1].startswith("ctl: stopped by SIGINT") and "Traceback" not in told


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ctl ")


def test_module_is_the_command():
    assert subprocess.run([sys.executable, "-m", "ctl", "--version"], check=True, capture_output=True, text=True).stdout


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
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = {"sources": "[en,nl]", "target": "de", "backbone": "somewhere"}
    extra = [part for name, value in missing.items() if name not in given for part in (f"--{name}", value)]
    settings = parse(["--config", str(path), *extra]).settings
    assert holds(settings, given)


def holds(settings, given):
    """Whether all that a file gives is in the settings."""
    if isinstance(given, dict):
        values = settings if isinstance(settings, dict) else vars(settings)
        return all(holds(values[key], value) for key, value in given.items())
    return list(settings) == given if isinstance(given, list) else settings == given


@pytest.mark.parametrize("command", ["transfer", "study"])
def test_a_misspelt_option_is_told_in_one_line(command, capsys):
    assert main([command, "--student.lrr", "1"]) == 2
    assert capsys.readouterr().err == "ctl: error: unknown option --student.lrr: did you mean --student.lr?\n"
