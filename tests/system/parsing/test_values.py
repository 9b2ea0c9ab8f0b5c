"""Values of a command line or YAML, compared with kinds."""

import pytest

from ctl.errors import CTLError
from ctl.system.parsing.kinds import ANY, FLAG
from ctl.system.parsing.values import check_value

CLASSES = {
    "classes": {"Teacher": {"lr": ["float"], "room": ["group"], "room.size": ["int"], "more": [ANY]}, "Far": None}
}
RIGHT = [
    ("3", ["int"]), ("0x10", ["int"]), ("1_000", ["int"]), ("1e1", ["int"]), ("1e-4", ["float"]), (".inf", ["float"]),
    (3, ["float"]), ("null", ["int", "null"]), ("~", ["int", "null"]), (None, ["int", "null"]), ("no", ["bool"]),
    ("True", ["bool"]), (False, ["bool"]), ("b", [{"choices": ["a", "b"]}]), ("16", [{"choices": [16]}]),
    ("[1, 2]", [{"list": ["int"]}]), ("1", [{"list": ["int"]}]), ("{a: 1}", [{"values": ["int"]}]), ("x", [ANY]),
    ("7", ["PositiveInt"]), ("1e3", ["PositiveInt"]), ("", ["int"]), ("-", [FLAG]),
    ("[a]", ["str"]), (3, ["str"]), ("no", ["str"]),
    ("Teacher", [CLASSES]), ("my.own.Teacher", [CLASSES]), ("ctl.modules.Teacher", [CLASSES]), ("null", [CLASSES]),
    ({"class_path": "Teacher", "init_args": {"lr": 1, "room": {"size": 3}, "more": {"x": 1}, "more.y": 2}}, [CLASSES]),
    ({"class_path": "Far", "init_args": {"any": 1}}, [CLASSES]), ({"class_path": "my.own.X"}, [CLASSES]),
    ({"size": 3}, [{"fields": {"size": ["int"]}}]), ("true", [CLASSES, "bool"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "alternatives"), RIGHT)
def test_what_may_be_right_is_left_to_the_parser(value, alternatives):
    check_value("--x", value, alternatives)


WRONG = [
    ("three", ["int"], "--x: three: a whole number is needed"),
    ("1,5", ["float", "null"], "--x: 1,5: a number is needed"),
    ({"a": 1}, ["int", "null"], "--x: {'a': 1}: a whole number is needed"),
    ("1.5", ["int"], "--x: 1.5: a whole number is needed"),
    ([1], ["str"], "--x: [1]: a text is needed"),
    ("[1, {a: b}]", [{"list": ["str"]}], "--x: {'a': 'b'}: a text is needed"),
    ({"a": 1}, [{"list": ["str"]}], "--x: {'a': 1}: a list, [a,b], is needed"),
    ("[a]", [{"values": ["int"]}, "null"], "--x: ['a']: names with values, {a: b}, are needed"),
    (3, [{"fields": {"size": ["int"]}}], "--x: 3: names with values, {a: b}, are needed"),
    (["Teacher"], [CLASSES, "null"], "--x: ['Teacher']: a class, {class_path: NAME}, is needed"),
    ("maybe", ["bool"], "--x: maybe: true or false is needed"),
    ("kll", [{"choices": ["mse", "kl"]}], "--x: kll: one of mse, kl is needed: did you mean kl?"),
    ("[1, y]", [{"list": ["int"]}], "--x: y: a whole number is needed"),
    ("{a: y}", [{"values": ["int"]}], "--x.a: y: a whole number is needed"),
    ("-1", ["PositiveInt"], "--x: -1: a whole number above zero is needed"),
    ("y", ["PositiveInt"], "--x: y: a whole number above zero is needed"),
    ("Techer", [CLASSES], "--x: there is no class Techer: did you mean Teacher?"),
    ("Far", [{"classes": {}}, "bool"], "--x: there is no class Far"),
    ({"class_path": "ctl.modules.Techer"}, [CLASSES], "--x: there is no class Techer: did you mean Teacher?"),
    ({"class_path": "Teacher", "init_args": {"lrr": 1}}, [CLASSES], "--x: there is no setting lrr: did you mean lr?"),
    ({"class_path": "Teacher", "init_args": {"lr": "y"}}, [CLASSES], "--x.lr: y: a number is needed"),
    ({"class_path": "Teacher", "init_args": {"room": {"siz": 1}}}, [CLASSES],
     "--x.room: there is no setting siz: did you mean size?"),
    ({"class_path": "Teacher", "init_args": {"room.siz": 1}}, [CLASSES],
     "--x: there is no setting room.siz: did you mean room.size?"),
    ({"siz": 3}, [{"fields": {"size": ["int"]}}, "null"], "--x: there is no setting siz: did you mean size?"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "alternatives", "message"), WRONG)
def test_what_no_parser_takes_is_refused(value, alternatives, message):
    with pytest.raises(CTLError) as mistake:
        check_value("--x", value, alternatives)
    assert str(mistake.value) == message


def test_a_file_may_hold_the_value(tmp_path):
    (tmp_path / "three").write_text("3")
    check_value("--x", str(tmp_path / "three"), ["int"])
