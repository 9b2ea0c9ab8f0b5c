import json

import pytest

from ctl.commands.transfer import parse
from ctl.transfer.advice import advice
from ctl.transfer.planner import Split

STUDENT = "students take 189 steps on 2,000 raw sentences, few for soft labels: --student_epochs 32 makes about 2,000"
TEACHER = "teachers take 126 steps on 2,000 sentences of a2, too few to learn from: --teacher_epochs 32"
UNEQUAL = "pooled takes 3,876 steps, the teacher of a2 126"


def given(sizes, *more):
    transfer = parse(["--backbone", "x", "--sources", "[a2,a3]", "--target", "a1", "--llm_backbone", "y", *more])
    splits = {f"{name}/train": Split(size, "") for name, size in zip(("a1", "a2", "a3"), sizes, strict=True)}
    return advice(transfer.settings, transfer.methods, splits)


@pytest.mark.parametrize(
    ("sizes", "more", "lines"),
    [
        ((2000, 2000, 60_000), ["--methods", '["student:uniform"]'], []),
        ((2000, 2000, 60_000), ["--methods", '["student:uniform"]', "--student_epochs", "3"], [STUDENT]),
        ((2000, 2000, 60_000), ["--methods", "[direct]", "--student_epochs", "3"], []),
        ((2000, 2000, 60_000), ["--methods", "[direct]", "--teacher_epochs", "2"], [TEACHER]),
        ((2000, 2000, 60_000), ["--methods", "[direct,pooled]", "--teacher_epochs", "2"], [TEACHER, UNEQUAL]),
        ((2000, 2000, 60_000), ["--methods", "[direct]", "--llm_teacher_epochs", "2"], []),
        ((2000, 2000, 60_000), ["--methods", "[llm-direct]", "--llm_teacher_epochs", "2"], [f"llm {TEACHER[:20]}"]),
        ((2000, 20_000, 20_000), ["--methods", "[direct]", "--teacher_epochs", "2"], []),
        (
            (20_000, 20_000, 20_000),
            ["--methods", '["student:uniform"]', "--student_epochs", "3", "--trainer.accumulate_grad_batches", "8"],
            ["students take 237 steps on 20,000 raw sentences"],
        ),
        (
            (9, 9, 9),
            ["--methods", "[direct]", "--teacher_steps", "40"],
            ["teachers take 40 steps on 9 sentences of a2"],
        ),
    ],
)
def test_too_few_or_unequal_steps_are_told_of(sizes, more, lines):
    found = given(sizes, *more)
    assert len(found) == len(lines) and all(line.startswith(start) for line, start in zip(found, lines, strict=True))


def test_the_remedy_is_one_that_works():
    """Epochs win where they are given, so only more of them help."""
    remedy = given((2000, 2000, 2000), "--methods", '["student:uniform"]', "--student_epochs", "3")[0].split(": ")[1]
    option, value = remedy.split()[:2]
    assert given((2000, 2000, 2000), "--methods", json.dumps(["student:uniform"]), option, value) == []
