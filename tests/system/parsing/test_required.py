"""What is missing is told from the outline of a parser."""

import pytest

from ctl.errors import CTLError
from ctl.system.parsing.outline import read_given
from ctl.system.parsing.required import check_required

ENDPOINT = {"endpoint": ["group"], "endpoint.url": ["str", "required"]}
TEXT = ["str", "required"]
MODELS = {"Teacher": {"backbone": TEXT, "lr": ["float"]}, "Remote": {"model": TEXT, **ENDPOINT}}
STOPS = {"classes": {"Stop": {"monitor": ["str", "required"]}, "Timer": {}, "Other": None}}
OPTIONS = {
    "-h": ["flag"], "--config": ["group"], "--model": [{"classes": MODELS}, "required"], "--model.help": ["any"],
    "--add": [{"list": [STOPS]}, STOPS, "null"], "--print_config": ["flag"], "--gold": ["flag"], "--limit": ["int"],
}  # fmt: skip
LISTS = {"--languages": [{"list": ["str"]}, "required"], "--languages+": [{"list": ["str"]}, "required"]}
FILES = {"paths": ["any", "required"], "--gold": ["flag"], "--as": ["str", "required"]}
REMOTE = ("--model", "Remote", "--model.model", "x", "--model.endpoint.url", "y")


def check(*args, options=OPTIONS):
    check_required(args, list(read_given(args, options)), options, "fit")


@pytest.mark.parametrize(
    "args",
    [
        ("--model", "Teacher"), REMOTE, ("--model", "my.own.Remote"), ("--print_config",), ("-h",),
        ("--model.help", "x"),
        ("--model", "{class_path: Remote, init_args: {model: x, endpoint: {url: y}}}"), ("--model=Other",),
        ("--model", "Remote", "--model.init_args.model=x", "--model.endpoint", "file"),
        ("--model", "{class_path: Remote, init_args: {model: x}}", "--model", "Remote", "--model.endpoint.url", "y"),
        ("--model.class_path", "Remote", "--model.model", "x", "--model.endpoint", "{url: y}"),
        ("--model", "Teacher", "--add", "[Timer, {class_path: Stop, init_args: {monitor: x}}]"),
        ("--model", "Teacher", "--add+=Stop", "--add.monitor", "x", "--add+=Timer"),
        ("--model", "Teacher", "--add=null"),
        ("--model", "Teacher", "--add", "[Timer, Stop]", "--add.monitor", "x"),
    ],
)  # fmt: skip
def test_nothing_is_missing(args):
    check(*args)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "--model is missing: `ctl fit --help` says what it is"),
        (REMOTE[:2], "--model.model is missing: Remote needs it"),
        (REMOTE[:4], "--model.endpoint.url is missing: Remote needs it"),
        (("--model", "{class_path: Remote, init_args: {model: x, endpoint: {key: y}}}"), "--model.endpoint.url is"),
        (("--model", "Teacher", "--add", "[Stop, Timer]"), "--add.monitor is missing: Stop needs it"),
        (("--model", "Teacher", "--add+=Stop", "--add+=Timer", "--add.monitor", "x"), "--add.monitor is missing"),
        (("--model", "Teacher", "--add", "Stop"), "--add.monitor is missing"),
    ],
)
def test_what_is_missing_is_named(args, message):
    with pytest.raises(CTLError, match=message.replace("?", r"\?")):
        check(*args)


def test_arguments_that_are_no_options_are_counted():
    check("a", "b", "--gold", "--as", "c", options=FILES)
    check("--as=c", "-", options=FILES)
    with pytest.raises(CTLError, match="paths is missing"):
        check("--gold", "--as", "c", options=FILES)
    with pytest.raises(CTLError, match="--as is missing"):
        check("a", "--gold", options=FILES)


def test_a_list_of_a_class_is_given_at_once_or_added_to():
    several = [{"list": ["str"]}, "required"]
    options = {**OPTIONS, "--model": [{"classes": {"Ensemble": {"teachers": several, "teachers+": several}}}]}
    for given in (["--model.teachers", "[a, b]"], ["--model.teachers+", "a", "--model.teachers+=b"]):
        check("--model", "Ensemble", *given, options=options)
    with pytest.raises(CTLError, match=r"^--model.teachers is missing: Ensemble needs it"):
        check("--model", "Ensemble", options=options)


def test_a_list_that_is_added_to_is_given():
    for option in ("--languages", "--languages+"):
        check(option, "[de]", options=LISTS)
    with pytest.raises(CTLError, match="--languages is missing"):
        check(options=LISTS)


def test_a_file_gives_what_it_holds(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("model: {class_path: Remote, init_args: {model: x, endpoint: {url: y}}}\n")
    check("--config", str(file))
    file.write_text("model: {class_path: Remote, init_args: {model: x}}\n")
    check("--config", str(file), "--model.endpoint.url", "y")
    with pytest.raises(CTLError, match=r"--model.endpoint.url is missing"):
        check("--config", str(file))
