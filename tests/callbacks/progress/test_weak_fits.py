"""Fits that taught next to nothing are told by their records."""

import pytest

from ctl.callbacks.progress.weak_fits import weak_fits, weak_fits_of, weaknesses

WELL = {"steps": 2000, "arguments": {"lr": 5e-5}, "best_validation_f1": 80.0, "losses": [1.9, 0.1], "labels_o": 0.9}


def fit(**more):
    return {**WELL, **more}


@pytest.mark.parametrize(
    ("method", "more", "said"),
    [
        ("direct:en", {}, []),
        ("direct:en", {"best_validation_f1": 5.0, "losses": [1.0, 0.97], "labels_o": 0.99}, []),
        (
            "direct:en",
            {"best_validation_f1": 0.31, "steps": 30},
            [
                "direct:en has F1 0.3 on source validation after 30 steps, so its soft labels say nothing: give it "
                "more steps (--teacher_steps) or another learning rate (--teacher.lr, here 5e-05)"
            ],
        ),
        (
            "llm-pooled",
            {"losses": [1.953, 1.952], "arguments": {}},
            [
                "llm-pooled: its loss did not fall (1.95 at first, 1.95 in the end): take another learning rate "
                "(--llm_teacher.lr)"
            ],
        ),
        (
            "student:learned",
            {"labels_o": 0.9961},
            [
                "student:learned learns from soft labels that are O for 99.6% of the words, and will find next to "
                "nothing: its teachers need more steps (--teacher_steps) or another learning rate (--teacher.lr)"
            ],
        ),
        ("student:learned+few", {"losses": [0.01, 0.01]}, []),
    ],
)
def test_what_a_record_tells(method, more, said):
    assert list(weaknesses(method, fit(**more))) == said


def test_a_record_of_an_earlier_version_tells_nothing():
    assert not list(weaknesses("direct:en", {"steps": 3, "arguments": {"lr": 1e-3}}))


def test_teachers_of_a_mixture_and_of_its_student_are_told_of_once():
    weak = fit(best_validation_f1=1.0)
    mixture = {"method": "ensemble:learned", "fits": {"direct:en": weak, "direct:nl": WELL, "direct:es": {}}}
    student = {"method": "student:learned", "fit": fit(labels_o=0.999), "taught_by": mixture}
    few = {"method": "student:learned+few", "fit": WELL, "student": student, "taught_by": mixture}
    for identity, count in ((mixture, 1), (student, 2), (few, 2)):
        lines = weak_fits(identity)
        assert len(lines) == count and lines[0].startswith("direct:en has F1 1.0")
    assert weak_fits_of({"method": "student:learned", "provenance": student}) == weak_fits(student)
