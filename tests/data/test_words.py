from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctl.data.words import Words, plain

SOME = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


ODD = "\u200b\u200d\u202e\u0301\u0000\u0007\u00a0\u3000\u2028\ufeff\x85\x1c\u0661\u05d0\u0639\U0001f468\U0001f3fd"


WORDS = st.text(
    st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=12
).filter(lambda word: not set(word) & set(" \t\n\r") and not word.startswith(("#", "-DOCSTART-", "\ufeff")))


@SOME
@given(words=st.lists(st.text(max_size=5), max_size=30), count=st.integers(0, 30))
def test_words_are_a_list_of_strings(words, count):
    """Lone surrogates and empty words as well."""
    kept = Words.of(words)
    assert kept == words and list(kept) == words and len(kept) == len(words)
    assert kept[3:9] == words[3:9] and kept.head(count) == words[:count]
    assert [word for page in kept.vocabulary() for word in page] == list(dict.fromkeys(words))
    assert list(kept.head(count).parts()) == list(Words.of(words[:count]).parts())


def test_a_plain_word_has_composed_letters_and_no_soft_hyphens():
    assert plain("Zoe\u0308") == "Zoë" and plain("Ber\u00adlin") == "Berlin" and plain("Lyon") == "Lyon"
    assert plain("ﬁn") == "ﬁn" and plain("ﬁn", "NFKC") == "fin" and plain("Zoe\u0308", "none") == "Zoe\u0308"
    assert plain("\u00ad") == "\u00ad"  # a word is never empty


def test_words_say_what_they_are():
    assert repr(Words.of(["da", "\x1b", "da"])) == "Words(3 words, 2 distinct: 'da', '\\x1b', 'da')"
    assert repr(Words.of(["a"] * 1200)).endswith("(1,200 words, 1 distinct: " + "'a', " * 8 + "...)")
