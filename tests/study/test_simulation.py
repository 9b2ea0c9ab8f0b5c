from made_up_stages import MadeUp, diamond

from ctl.study.graph import Graph
from ctl.study.keeping import Keeping
from ctl.study.simulation import TRAINING, Disk, simulate


def work(stage):
    return stage.work


def test_time_on_several_devices():
    *_, test = diamond([])
    graph = Graph([test])
    assert (
        simulate(graph, 1, work, MadeUp.size, []) == 18 and simulate(graph, 2, work, MadeUp.size, []) == 17
    )  # the longest path
    assert simulate(Graph([]), 8, work, MadeUp.size, []) == 0
    many = Graph([MadeUp(str(number), [], work=1) for number in range(64)])
    assert [simulate(many, slots, work, MadeUp.size, []) for slots in (1, 8, 63, 64)] == [64, 8, 2, 1]


def test_bytes_on_disk():
    """A model of 10 bytes takes 30 while it trains; a student's goes after its test where models of cells go."""
    ran = ["before"]
    before = MadeUp("before", ran, size=100, folder="s/teachers/en")
    students = [MadeUp(name, ran, [before], size=10, folder=f"s/de/{name}/student") for name in "ab"]
    tests = [MadeUp(f"test {s.title}", ran, [s], command="test", size=1, folder=s.folder) for s in students]
    graph, cells = Graph(tests), [student.folder.parent for student in students]

    def disks(slots):
        given = {keep: Disk(Keeping(keep, graph, cells, graph), MadeUp.size, [before]) for keep in
                 ("all", "shared", "labels")}  # fmt: skip
        simulate(graph, slots, work, MadeUp.size, given.values())
        return {keep: (disk.most, disk.now) for keep, disk in given.items()}

    alone = disks(1)
    assert alone["all"] == (100 + 10 + 1 + 10 + TRAINING * 10, 122)
    assert alone["shared"] == (100 + 1 + 10 + TRAINING * 10, 102)
    assert alone["labels"] == (alone["shared"][0], 2)
    assert disks(2)["shared"][0] == 100 + 10 + 2 * TRAINING * 10
