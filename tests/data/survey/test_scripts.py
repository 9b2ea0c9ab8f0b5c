from ctl.data.survey.scripts import scripts


def test_scripts_by_hand():
    """Six Latin letters and two Cyrillic ones; digits and signs are no letters."""
    shares = scripts(["Bern", "1984", "да", "à", "ö", "..."])
    assert shares == {"LATIN": 0.75, "CYRILLIC": 0.25}
    assert list(scripts(["東京", "の", "a"])) == ["CJK", "HIRAGANA", "LATIN"]
    assert scripts(["1", "..."]) == {}
