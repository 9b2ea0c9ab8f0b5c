"""One set of options names a model for every command that uses one."""

from jsonargparse import ArgumentParser

from ctl.tagging.options import add_model_options, load_named


def test_the_named_model_is_loaded_and_said(trained_run, capsys):
    parser = ArgumentParser(exit_on_error=False)
    add_model_options(parser)
    given = parser.parse_args(["--model", str(trained_run), "--method", "student:uniform", "--device", "cpu"])
    assert load_named(given).trained.method == "student:uniform"
    assert "student:uniform tags" in capsys.readouterr().err
