import pytest
from made_up_stages import MadeUp

from ctl.study.graph import Graph
from ctl.study.keeping import KEEPS, Keeping, remove_large
from ctl.system.files import write_json


def stages(ran=()):
    """A teacher that two cells share, its labels, and in each cell a student with a test."""
    ran = list(ran)
    teacher = MadeUp("teacher", ran, folder="s/teachers/en")
    labels = MadeUp("labels", ran, [teacher], command="predict", folder="s/teachers/en/de")
    students = [MadeUp(f"student {cell}", ran, [labels], folder=f"s/de/{cell}/student") for cell in "ab"]
    tests = [MadeUp(f"test {cell.title[-1]}", ran, [cell], command="test", folder=cell.folder) for cell in students]
    return [teacher, labels, *students, *tests]


def gone(keep, order):
    """What goes after each stage."""
    every = stages()
    whole = Graph(every[4:])
    keeping = Keeping(keep, whole, [every[2].folder.parent, every[3].folder.parent], whole)
    named = {stage.title: stage for stage in every}
    return {title: [stage.title for stage in keeping.ended(named[title])] for title in order}


ORDER = ("teacher", "labels", "student a", "test a", "student b", "test b")


@pytest.mark.parametrize(("keep", "expected"), [
    ("all", {}),
    ("shared", {"test a": ["student a"], "test b": ["student b"]}),
    ("labels", {"labels": ["teacher"], "test a": ["student a"], "test b": ["student b"]}),
    ("results", {"labels": ["teacher"], "test a": ["student a"], "student b": ["labels"], "test b": ["student b"]}),
])  # fmt: skip
def test_what_goes_with_its_last_reader(keep, expected):
    assert {title: went for title, went in gone(keep, ORDER).items() if went} == expected
    assert keep in KEEPS


def test_what_another_job_reads_stays_until_that_is_done():
    """This job runs cell a alone; whether b's student is done, the disk says."""
    teacher, labels, student, other, *tests = stages()
    whole, own = Graph(tests), Graph(tests[:1])
    keeping = Keeping("results", whole, [], own)
    assert keeping.ended(student) == [] and keeping.idle([labels]) == []
    other.ran.append(other.title)
    assert keeping.idle([labels]) == [labels] and keeping.idle([teacher]) == []


def test_an_earlier_run_s_files_go_where_nobody_reads_them():
    teacher, *_, last = stages(["teacher", "labels", "student a", "student b", "test a"])
    whole = Graph([last])
    assert [stage.title for stage in whole] == ["test b"]
    assert Keeping("labels", whole, [], whole).idle([teacher, last]) == [teacher]


def test_only_what_is_large_is_removed(tmp_path):
    student, test = (MadeUp(name, [], command=command, folder=tmp_path / "s" / "student") for name, command in
                     (("student", "fit"), ("test", "test")))  # fmt: skip
    kept = ["fit.json", "results.json", "soft_labels/train/manifest.json"]
    for name in (*kept, "checkpoints/last.ckpt"):
        write_json(student.folder / name, {"key": "", "done": True, "sha256": {}})
    remove_large(test, tmp_path)
    assert (student.folder / "checkpoints/last.ckpt").exists()
    for _ in range(2):  # another job may have been first
        remove_large(student, tmp_path)
    files = [path for path in student.folder.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(student.folder).as_posix() for path in files) == kept
