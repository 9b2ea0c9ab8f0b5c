"""Commands on tiny artificial languages, and two teachers that they trained."""

import pytest

from ctl.main import main


@pytest.fixture(scope="session")
def command():
    """Runs a command of a module with the common settings of these tests; gives its exit status."""

    def run(name, module, family, output, *more, data=()):
        common = {"root": family, "backbone": family / "encoder", "target": "a1", "sources": "[a2]", **dict(data)}
        return main([
            name, "--model", module, "--trainer.default_root_dir", str(output), "--trainer.accelerator", "cpu",
            "--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false",
            *(part for key, value in common.items() for part in (f"--data.{key}", str(value))), *more,
        ])  # fmt: skip

    return run


@pytest.fixture(scope="session")
def teachers(command, family, tmp_path_factory):
    """Checkpoints of teachers of a2 and b1, their soft labels of a1's test split, and where they are."""
    folder = tmp_path_factory.mktemp("teachers")
    for language in ("a2", "b1"):
        run = folder / language
        keep = f'{{class_path: ModelCheckpoint, init_args: {{dirpath: "{run}", filename: best}}}}'
        data = {"sources": f"[{language}]"}
        fit = ["--trainer.max_epochs", "8", "--trainer.callbacks", f"[{keep}]", "--model.lr", "2e-3"]
        assert command("fit", "Teacher", family, run, *fit, data=data) == 0
        checkpoint = ["--ckpt_path", str(run / "best.ckpt")]
        assert command("predict", "Teacher", family, run, *checkpoint, data={**data, "predict_splits": "[test]"}) == 0
        assert command("test", "Teacher", family, run, *checkpoint, data=data) == 0
    return folder
