"""``ctl completion``: a shell that has read the script completes commands, options and shipped files."""

import subprocess

import pytest

from ctl.command_table import ALL
from ctl.commands.machine.completion import options, script
from ctl.errors import CTLError
from ctl.main import main


def test_completion_completes(tmp_path, capsys):
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "ctl.bash"
    script.write_text(capsys.readouterr().out)

    def complete(*words):
        given = " ".join(f"'{word}'" for word in words)
        line = f'source {script}; COMP_WORDS=({given}); COMP_CWORD={len(words) - 1}; _ctl; echo "${{COMPREPLY[@]}}"'
        return subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True).stdout.split()

    assert complete("ctl", "tr") == ["transfer"]
    assert complete("ctl", "tag", "--mo") == ["--model"]
    assert complete("ctl", "transfer", "--student_e") == ["--student_epochs"]
    assert set(complete("ctl", "fit", "--config", "configs/teach")) == {"configs/teacher.yaml"}


def test_every_shell_knows_every_command():
    for shell in ("bash", "zsh", "fish"):
        assert all(name in script(shell) for name in ALL)
    assert "-l student_epochs" in script("fish")


def test_options_are_the_parsers():
    assert {"--model", "--format", "--chunk"} <= set(options("tag"))
    assert "--trainer.devices" in options("fit")
    assert not any(option.endswith("+") for name in ALL for option in options(name))


def test_an_unknown_shell_is_refused():
    with pytest.raises(CTLError, match="no completion for tcsh; there is bash, zsh, fish"):
        main(["completion", "tcsh", "--traceback"])
