import pytest

from ctl.errors import CTLError
from ctl.methods import Method, expand_methods, label, of_few_sources, of_one_source, with_few


def names(*arguments):
    return list(map(str, expand_methods(*arguments)))


def test_those_that_were_named_or_the_basic_ones():
    assert names(None, ["en"], "de") == ["direct:en", "student:uniform"]
    assert names(None, ["en", "nl"], "de") == [
        "direct:en", "direct:nl", "pooled", "ensemble:uniform", "ensemble:learned", "ensemble:learned+joint",
        "student:uniform", "student:learned", "student:learned+joint", "student:pooled",
    ]  # fmt: skip
    assert names(["direct+adapted", "pooled", "pooled"], ["en", "nl"], "de") == [
        "direct:en+adapted", "direct:nl+adapted", "pooled",
    ]  # fmt: skip


def test_options_have_one_order():
    assert str(Method.parse("student:learned+filter+calibrated")) == "student:learned+calibrated+filter"
    assert str(Method.parse("student:l2-sentence")) == "student:l2-sentence"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("student:best", "weightings are uniform"),
        ("student", "there are direct"),
        ("pooled:en", "there are direct"),
        ("best:en", "there are direct"),
        ("student:uniform-sentence", "weightings are"),
        ("ensemble:learned+filter", r"ensemble has no \+filter"),
        ("ensemble:pooled", "one model is no mixture; name pooled"),
        ("student:pooled+joint", r"\+joint adds the pooled model to teachers of one language"),
        ("student:pooled+abstain", r"the pooled model knows all sources"),
        ("student:pooled-sentence", "weightings are"),
        ("pooled+joint", r"pooled has no \+joint"),
        ("direct:pl", "pl is not among the sources"),
        ("merged:agreement", "weightings are uniform learned cosine"),
        ("merged:learned-sentence", "weightings are uniform learned cosine"),
        ("merged:uniform+kl", r"merged has no \+kl"),
        ("merged", "there are direct"),
        ("seeds", "there are direct"),
        ("seeds:pl", "pl is not among the sources"),
        ("seeds:en+equal", r"seeds has no \+equal"),
        ("supervised:de", "there are direct"),
        ("student:supervised", "weightings are"),
    ],
)
def test_unknown_methods(name, said):
    with pytest.raises(CTLError, match=f"unknown method .*{said}"):
        expand_methods([name], ["en", "nl"], "de")


def test_sources_that_can_not_be():
    with pytest.raises(CTLError, match="the target de is among the sources"):
        expand_methods(None, ["en", "de"], "de")
    with pytest.raises(CTLError, match="each once"):
        expand_methods(None, ["en", "en"], "de")
    with pytest.raises(CTLError, match="needs two or more sources"):
        expand_methods(["student:learned"], ["en"], "de")


def test_the_heaviest_sources():
    method = Method.parse("student:learned-sentence+kl+top2")
    assert str(method) == "student:learned-sentence+top2+kl" and method.top == 2
    assert method.ensemble().top == 2 and Method.parse("student:learned").top is None
    assert of_one_source("student:learned+top2+kl") == "student:uniform+kl"
    for name, said in (
        ("ensemble:learned+top2+top3", r"\+top2 or \+top3\? name one"),
        ("ensemble:uniform+top2", "uniform weighs all alike"),
        ("ensemble:learned+top6", r"ensemble has no \+top6"),
        ("student:truth+abstain", r"which types a teacher never names: leave \+abstain out"),
    ):
        with pytest.raises(CTLError, match=said):
            Method.parse(name)


def test_weights_as_sharp_as_fits_the_sources():
    assert Method.parse("student:nearest+sharp+top1").ensemble().sharp
    assert names(["ensemble:learned+sharp"], ["en", "nl", "es"], "de") == ["ensemble:learned+sharp"]
    with pytest.raises(CTLError, match="needs three or more sources, as one is left out"):
        expand_methods(["ensemble:learned+sharp"], ["en", "nl"], "de")
    for name in ("ensemble:uniform+sharp", "ensemble:fixed+sharp", "ensemble:learned-sentence+sharp"):
        with pytest.raises(CTLError, match=r"\+sharp is for the weightings learned"):
            Method.parse(name)
    few = [of_few_sources("student:learned+sharp+kl", count) for count in (1, 2, 3)]
    assert few == ["student:uniform+kl", "student:learned+kl", "student:learned+sharp+kl"]


def test_rounds_come_after_one_another():
    third = Method.parse("student:learned+filter+rounds3")
    assert str(third.before()) == "student:learned+filter+rounds2"
    assert str(third.before().before()) == "student:learned+filter"
    assert third.before().before().before() is None
    assert str(Method.parse("student:learned+replace+kl").ensemble()) == "ensemble:learned+replace"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("student:learned+filter+mine", ("student", "learned", ("filter", "mine"), "")),
        ("llm-direct:zh-classical", ("direct", "zh-classical", (), "llm")),
        ("mixed-ensemble:l2-sentence", ("ensemble", "l2-sentence", (), "mixed")),
        ("llm-prompted", ("prompted", "", (), "llm")),
        ("gpt-pooled", ("gpt-pooled", "", (), "")),
        ("-pooled", ("-pooled", "", (), "")),
    ],
)
def test_any_name_can_be_taken_apart(name, parts):
    assert Method.split(name) == Method(*parts)
    assert str(Method.split(name)) == name


def test_methods_of_decoders():
    basic = names(None, ["en", "nl"], "de", True)
    assert basic[:10] == names(None, ["en", "nl"], "de")
    assert basic[10:] == [
        "llm-direct:en", "llm-direct:nl", "llm-pooled", "llm-ensemble:learned", "llm-student:learned",
        "mixed-ensemble:learned", "mixed-student:learned", "llm-student:pooled", "mixed-student:pooled",
    ]  # fmt: skip
    method = Method.parse("mixed-student:learned+filter+calibrated")
    assert method.family == "mixed" and method.teachers == ("", "llm")
    assert str(method) == "mixed-student:learned+calibrated+filter"
    assert str(method.ensemble()) == "mixed-ensemble:learned+calibrated"
    assert str(method.without("filter")) == "mixed-student:learned+calibrated"
    assert str(Method.parse("llm-student:learned+rounds2").before()) == "llm-student:learned"
    assert str(Method.parse("mixed-ensemble:pooled")) == str(Method.parse("mixed-student:pooled+kl").ensemble())
    for wrong in ("llm-ensemble:pooled", "mixed-direct:en", "mixed-pooled", "gpt-pooled", "llm-best:en", "-pooled"):
        with pytest.raises(CTLError, match="unknown method"):
            expand_methods([wrong], ["en", "nl"], "de", True)
    with pytest.raises(CTLError, match="needs a decoder: set --llm_backbone"):
        expand_methods(["llm-pooled"], ["en", "nl"], "de")


def test_methods_of_one_source():
    assert of_one_source("ensemble:learned") == "direct" and of_one_source("pooled+adapted") == "direct+adapted"
    assert of_one_source("student:learned+kl") == "student:uniform+kl"
    assert of_one_source("llm-ensemble:learned") == "llm-direct"
    assert of_one_source("mixed-ensemble:learned") == "mixed-ensemble:uniform"
    assert of_one_source("student:pooled+kl") == of_one_source("student:learned+joint+kl") == "student:uniform+kl"
    assert of_one_source("ensemble:learned+joint") == "direct"
    assert of_one_source("mixed-ensemble:pooled") == "mixed-ensemble:uniform"


@pytest.mark.parametrize("name", ["student:pooled", "student:uniform+joint", "ensemble:agreement+joint"])
def test_a_pooled_model_needs_several_sources(name):
    with pytest.raises(CTLError, match="needs two or more sources"):
        expand_methods([name], ["en"], "de")
    assert str(Method.parse(name)) == name and Method.parse(name).pools


def test_controls_and_averages():
    wanted = ["pooled+equal+adapted", "seeds:nl+adapted", "merged:fixed", "supervised"]
    assert names(wanted, ["en", "nl"], "de") == ["pooled+adapted+equal", *wanted[1:]]
    assert names(["seeds:pl"], ["en", "nl"], "", False, ["en", "nl", "pl"]) == ["seeds:pl"]  # in a study
    assert of_one_source("pooled+equal") == of_one_source("merged:learned") == "direct"
    assert of_one_source("llm-seeds:pl+adapted") == "llm-direct:pl+adapted"
    assert of_one_source("supervised") == "supervised"
    for name in ("merged:uniform", "seeds:en", "pooled+equal", "student:uniform+abstain"):
        with pytest.raises(CTLError, match="needs two or more sources"):
            expand_methods([name], ["en"], "de")


def test_gold_of_the_target_is_never_a_default_and_always_marked():
    assert not any(method.upper_bound for method in expand_methods(None, ["en", "nl"], "de", True))
    assert Method.parse("llm-supervised+adapted").upper_bound
    assert label("supervised") == "supervised (upper bound: target's gold)" and label("pooled") == "pooled"


def test_what_sees_a_few_labels_says_so():
    seeing = ["few", "few+adapted", "llm-few", "ensemble:few", "student:few+top2", "student:learned+filter+few"]
    for name in seeing:
        assert str(Method.parse(name)) == name and Method.parse(name).sees_few
        assert label(name) == f"{name} (sees a few target labels)"
    others = ["direct:few", "seeds:few", "student:learned+filter", "supervised"]
    assert not any(Method.parse(name).sees_few for name in others)
    assert Method.parse("student:learned+few+rounds2").before() == Method.parse("student:learned+few")


@pytest.mark.parametrize("name", ["few:en", "ensemble:uniform+few", "merged:few", "few-sentence", "direct:en+few",
                                  "student:few-sentence", "student:few+sharp"])  # fmt: skip
def test_what_can_see_none(name):
    with pytest.raises(CTLError):
        Method.parse(name)


def test_labels_are_used_where_there_are_some():
    assert with_few(["direct", "student:uniform", "student:truth+kl"], 2)[-2:] == ["few", "student:truth+kl+few"]
    assert with_few(["few"], 2) == ["few"] and with_few(["direct"], 2) == ["direct", "few"]
    assert with_few(None, 1) == ["direct", "student:uniform", "few", "student:uniform+few"]
    assert "llm-direct" in with_few(None, 2, decoder=True)
