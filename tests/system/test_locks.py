import os

import pytest
from filelock import FileLock

from ctl.errors import CTLError
from ctl.system.locks import held


def test_a_lock_is_held_by_one(tmp_path):
    with held(tmp_path / "a.lock"), pytest.raises(TimeoutError), held(tmp_path / "a.lock"):
        pass
    with held(tmp_path / "a.lock"):
        pass


def test_who_holds_a_lock_is_said(tmp_path):
    """Where the file system has no locks, the file of a dead machine stays: how old it is and what to do is said."""
    path = tmp_path / ".lock"
    busy = CTLError("run: another run writes there")
    mine = rf"writes there \(process {os.getpid()} on host .*; if it is gone, remove"
    with held(path), pytest.raises(CTLError, match=mine), held(path, busy):
        pass
    path.write_text("123\nanother-host\n")
    os.utime(path, (0, 0))
    other = r"process 123 on host another-host, for \d+ h .* remove .*\.lock"
    with FileLock(path), pytest.raises(CTLError, match=other), held(path, busy):
        pass
    with FileLock(path), pytest.raises(TimeoutError, match="another-host"), held(path):
        pass
