import sys
from contextlib import closing

import pytest

from ctl.errors import CTLError
from ctl.study.executors import choice
from ctl.study.executors.choice import gpus_of, make_executor
from ctl.study.executors.local import Here, Processes
from ctl.transfer.settings import StudySettings


def chosen(tmp_path, **more):
    given = {"trainer": {"devices": "auto"}, **more}
    return make_executor(StudySettings(backbone="x", targets=["de"], output=str(tmp_path), **given))


def test_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(choice.torch.cuda, "device_count", lambda: 8)
    assert isinstance(chosen(tmp_path, jobs=1), Here)
    assert isinstance(chosen(tmp_path, trainer={"devices": 8}), Here)  # every stage takes all of them
    for more, slots in (({}, 8), ({"trainer": {}}, 8), ({"jobs": 3}, 3)):
        with closing(chosen(tmp_path, **more)) as executor:
            assert isinstance(executor, Processes) and executor.slots == slots


@pytest.mark.parametrize("name", ["ray", "slurm"])
def test_what_is_not_installed(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, {"ray": "ray", "slurm": "submitit"}[name], None)
    with pytest.raises(CTLError, match=f"--executor {name} needs .*: pip install 'ctl\\[{name}\\]'"):
        chosen(tmp_path, executor=name)


def test_gpus_of_a_stage():
    assert [gpus_of(trainer) for trainer in ({}, {"devices": 4}, {"devices": [0, 2]}, {"devices": "2"})] == [1, 4, 2, 2]
    assert gpus_of({"accelerator": "cpu", "devices": 4}) == 0 and gpus_of({"devices": -1}) == 1
