"""What a command line and its files give, compared with the outline of a parser."""

import pytest

from ctl.errors import CTLError
from ctl.system.parsing.outline import Given, check_given, read_given, readings

MODEL = {"classes": {"Teacher": {"lr": ["float"]}, "Student": {"loss": [{"choices": ["mse", "kl"]}]}}}
ADDED = {"list": [{"classes": {"Stop": {"patience": ["int"]}, "Timer": {"seconds": ["int"]}}}]}
HUB = {"values": [{"fields": {"path": ["any"]}}]}
OPTIONS = {
    "-h": ["flag"], "--help": ["flag"], "-c": ["any"], "--config": ["any"], "--model": [MODEL], "--model.help": ["any"],
    "--data": ["group"], "--data.root": ["any", "null"], "--data.hub": [HUB, "null"], "--data.limit": ["int", "null"],
    "--trainer.callbacks": ["any"], "--trainer.callbacks+": ["any"], "--sources": [{"list": ["any"]}],
    "--add": [ADDED], "--add+": [ADDED],
    "--synthetic": [{"fields": {"train": ["int"]}}, "null"], "--gold": ["flag"],
}  # fmt: skip


def check(*args):
    check_given(list(read_given(args, OPTIONS)), OPTIONS, "fit")


@pytest.mark.parametrize(
    "argument",
    ["--model", "--model.lr", "--model.init_args.lr=3", "--data.root", "--data.hub.de.path", "--sources=[-1]", "-c",
     "-1", "--trainer.callbacks.class_path", "--trainer.callbacks+=X", "--", "de", "-", "--synthetic.train=4",
     "--data=x.yaml", "--model.help", "--help", "--model.dict_kwargs.x=1"],
)  # fmt: skip
def test_options_that_may_be_there(argument):
    check(argument, *(() if "=" in argument or argument in ("--help", "--", "de", "-", "-1") else ("null",)))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--sorces", "unknown option --sorces: did you mean --sources"),
        ("--data.rot=x", "unknown option --data.rot: did you mean --data.root"),
        ("--modle.lr", "did you mean --model"),
        ("--xyzzy", "`ctl fit --help` lists them"),
        ("-x", "unknown option -x"),
        ("--model=Techer", "--model: there is no class Techer: did you mean Teacher?"),
        ("--synthetic.trian=3", "--synthetic: there is no setting trian: did you mean train?"),
        ("--synthetic.train=x", "--synthetic.train: x: a whole number is needed"),
        ("--data.hub.de.pth=x", "--data.hub.de: there is no setting pth: did you mean path?"),
        ("--model.class_path=Techer", "--model: there is no class Techer: did you mean Teacher?"),
        ("--data.limit=x", "--data.limit: x: a whole number is needed"),
        ("--data.limit", "--data.limit: a value is missing"),
    ],
)
def test_options_that_are_not_there(argument, message):
    with pytest.raises(CTLError, match=message.replace("?", r"\?")):
        check(argument)


def test_settings_of_the_class_that_is_named():
    check("--model", "Teacher", "--model.lr", "1e-3")
    check("--model", "my.own.Teacher", "--model.any", "1")
    check("--model.any", "1")
    with pytest.raises(CTLError, match="--model: there is no setting loss"):
        check("--model", "Teacher", "--model.loss", "kl")
    with pytest.raises(CTLError, match=r"--model.loss: kll: one of mse, kl is needed"):
        check("--model.class_path=Student", "--model.init_args.loss=kll")


def test_files_are_read(tmp_path):
    file = tmp_path / "given.yaml"
    file.write_text(
        "model: {class_path: Teacher, init_args: {lr: 1e-3}}\ndata: {root: x, limit: 3, hub: {de: {path: y}}}\n"
    )
    check("-c", str(file), "--gold", "positional")
    with pytest.raises(CTLError, match="--model: there is no setting loss"):
        check(f"--config={file}", "--model.loss=kl")
    check("--config", str(file), "--model", "Student", "--model.loss", "kl")
    for text, message in [
        ("data: {rot: x}", "unknown option --data.rot: did you mean --data.root?"),
        ("dta: {root: x}", "unknown option --dta"),
        ("model: Techer", "--model: there is no class Techer"),
        ("model: {class_path: Student, init_args: {los: kl}}", "--model: there is no setting los: did you mean loss?"),
        ("data: {hub: {de: {pth: x}}}", "--data.hub.de: there is no setting pth: did you mean path?"),
    ]:
        file.write_text(text)
        with pytest.raises(CTLError) as mistake:
            check("--config", str(file))
        assert str(mistake.value).startswith(f"{file}: {message}")


def test_values_are_those_that_follow():
    given = list(read_given(["run", "--gold", "x", "--data.limit", "-1", "--sources=a", "--model"], OPTIONS))
    pairs = [("--gold", None), ("--data.limit", "-1"), ("--sources", "a"), ("--model", None)]
    assert given == [Given("", option, value) for option, value in pairs]


def test_what_is_no_configuration_is_left_to_the_parser(tmp_path):
    file = tmp_path / "x.yaml"
    for text in ("- 1", "3", ""):
        file.write_text(text)
        check("--config", str(file))
    check("--config", str(tmp_path / "none.yaml"), "--config")


def test_a_file_that_is_no_yaml_is_refused_with_the_place(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("data:\n  root: [x\n")
    with pytest.raises(CTLError, match=r"x.yaml: not YAML: expected ',' or ']'.* \(line 3, column 1\)"):
        check("--config", str(file))


def test_settings_of_an_item_that_is_added_are_of_the_class_before():
    check("--add+=Timer", "--add.seconds=1", "--add+=Stop", "--add.patience=1")
    for arguments, message in [
        (("--add+=Stop", "--add.patienc=1"), "--add: there is no setting patienc: did you mean patience?"),
        (("--add+=Stop", "--add+=Timer", "--add.patience=1"), "--add: there is no setting patience"),
        (("--add+=Stop", "--add.patience=x"), "--add.patience: x: a whole number is needed"),
    ]:
        with pytest.raises(CTLError, match=message.replace("?", r"\?")):
            check(*arguments)


def test_values_are_read_as_yaml_reads_them():
    given = [Given("", "--trainer.max_epochs", "0"), Given("x", "--trainer.devices", 2), Given("", "--seed", "1")]
    assert readings(given, "--trainer.") == {"max_epochs": 0, "devices": 2}
