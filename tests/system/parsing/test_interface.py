"""The fingerprint of ctl's interface: new with a signature or a docstring, the same with what a function does."""

import pytest

from ctl.system.parsing.interface import interface_of

TEXT = '''
class Teacher:
    """Teaches."""
    rate: float = 1.0
    def __init__(self, lr: float = 1e-3) -> None:
        super().__init__(lr)
    def step(self) -> int:
        """Takes a step."""
        return 1
'''


@pytest.mark.parametrize(
    ("old", "new"), [("return 1", "return 2"), ("Takes a step", "Goes on"), ("\n    def", "\n\n    def")]
)
def test_what_a_function_does_changes_nothing(tmp_path, old, new):
    assert _of(tmp_path, TEXT) == _of(tmp_path, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [("1e-3", "1e-4"), ("Teaches", "Learns"), ("lr", "size"), ("1.0", "2.0"), ("__(lr)", "__()"), ("step(", "go(")],
)
def test_what_a_parser_sees_changes_it(tmp_path, old, new):
    assert _of(tmp_path, TEXT) != _of(tmp_path, TEXT.replace(old, new))


def test_all_counts_where_parsers_are_made(tmp_path):
    (tmp_path / "commands").mkdir()
    assert _of(tmp_path / "commands", TEXT) != _of(tmp_path / "commands", TEXT.replace("return 1", "return 2"))


def _of(folder, text):
    path = folder / "module.py"
    path.write_text(text)
    return interface_of(path)
