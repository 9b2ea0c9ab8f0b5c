from importlib import import_module

from ctl.system.parsing.class_paths import MOVED, renamed


def test_every_new_class_path_is_there():
    for path in MOVED.values():
        module, _, name = path.rpartition(".")
        assert hasattr(import_module(module), name), path


def test_a_class_path_is_renamed_wherever_it_stands(capsys):
    old = {"callbacks": [{"class_path": "ctl.checkpoints.SaveLast", "init_args": {"minutes": 5}}], "seed": 1}
    new = {"callbacks": [{"class_path": "ctl.callbacks.saving.SaveLast", "init_args": {"minutes": 5}}], "seed": 1}
    assert renamed(old) == new and renamed(new) == new
