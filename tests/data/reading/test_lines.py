"""Files as lines, whatever ends them and however they are written."""

import pytest

from ctl.data.reading.lines import read_lines, read_text, split_lines
from ctl.errors import CTLError


def test_lines_end_at_line_feeds_and_carriage_returns():
    assert list(split_lines(["a\r\r\n", "b\rc\n", "d\u2028e"])) == ["a", "b", "c", "d\u2028e"]


def test_cells_of_a_table_have_tabs_between_them(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('"a;b";"c\td"\n\ne;f\n')
    assert list(read_lines(path, "utf-8")) == ["a;b\tc d", "", "e\tf"]


def test_a_mark_at_the_head_is_no_letter(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffIda\n".encode())
    assert read_text(path, "utf-8") == "Ida\n" and list(read_lines(path, "UTF8")) == ["Ida"]


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (b"a\n\xe4", "utf-8", r"x.txt:2: not utf-8 \(byte 2\).*--data.encoding latin-1"),
        ("a".encode("utf-16"), "utf-8", r"x.txt:1: not utf-8.*--data.encoding utf-16"),
        ("a".encode("utf-32"), "utf-8", r"x.txt:1: not utf-8.*--data.encoding utf-32"),
        (b"\x93a\x94", "utf-8", r"x.txt:1: not utf-8.*--data.encoding windows-1252"),
        (b"a\nb\0", "utf-8", r"x.txt:2: a nul"),
        (b"a", "utf-99", r"'utf-99' is unknown"),
    ],
)
def test_another_encoding_is_named_with_its_line(tmp_path, data, encoding, said):
    path = tmp_path / "x.txt"
    path.write_bytes(data)
    with pytest.raises(CTLError, match=said):
        read_text(path, encoding)
