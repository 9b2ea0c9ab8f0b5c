"""Models that can't be made as they are asked for, refused before any is trained."""

import pytest

from ctl.errors import CTLError
from ctl.methods import Method
from ctl.transfer.checks import check_models, check_student, check_tagger
from ctl.transfer.settings import TransferSettings


def settings(family, **more):
    return TransferSettings(backbone=str(family / "encoder"), sources=["a2"], target="a1", **more)


def test_what_can_be_made_passes(family):
    check_models(settings(family, student={"lora_rank": 4, "base": "bfloat16", "freeze_layers": 1}), decoders=False)
    decoder = {"llm_backbone": str(family / "decoder"), "llm_teacher": {"attention": "last:1"}}
    check_models(settings(family, **decoder), decoders=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"base": "bfloat16"}, "--student.base: bfloat16 is for a frozen backbone"),
        ({"attention": "full"}, "--student: attention 'full' is for decoders"),
        ({"freeze_layers": 99}, "--student.freeze_layers: 99: "),
        ({"lora_alpha": 16}, "--student.lora_alpha: without --student.lora_rank"),
    ],
)
def test_settings_that_a_backbone_can_not_follow(family, given, message):
    with pytest.raises(CTLError, match=message):
        check_tagger("student", str(family / "encoder"), given)


def test_more_layers_of_neighbours_than_there_are(family):
    check_models(settings(family, neighbours={"layers": 3}), decoders=False)
    with pytest.raises(CTLError, match=r"--neighbours\.layers: 4: .*encoder has 2 layers"):
        check_models(settings(family, neighbours={"layers": 4}), decoders=False)


def test_windows_without_room(family):
    with pytest.raises(CTLError, match="max_length 2 leaves no room"):
        check_models(settings(family, data={"max_length": 2}), decoders=False)


def test_marks_that_nobody_sets(family):
    weighted = settings(family, student={"unanimous_weight": 1.0})
    check_student(weighted, [Method.parse("pooled"), Method.parse("student:uniform+unanimous")])
    check_student(settings(family), [Method.parse("student:uniform")])
    with pytest.raises(CTLError, match=r"student:uniform\+unanimous has"):
        check_student(weighted, [Method.parse("student:uniform")])
