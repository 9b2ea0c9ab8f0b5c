from ctl.data.reading.form import USUAL, Form


def test_the_form_is_taken_from_settings_of_the_data():
    assert Form.of({"root": "data", "encoding": "latin-1", "word_column": 2, "tag_column": None}) == Form("latin-1", 2)
    assert Form.of({}) == USUAL
