"""Students label the text of their target; their run gives a checkpoint and the place of the text, nothing else."""

import json
import shutil

import numpy as np
import pytest
import yaml

from ctl.errors import CTLError
from ctl.inspection.students import label_by_students
from ctl.main import main


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of a transfer with one student."""
    folder = tmp_path / "run"
    shutil.copytree(trained_run, folder)
    shutil.rmtree(folder / "students" / "uniform")
    return folder


def test_what_a_student_says_is_stored(run, test_split):
    """The same as `ctl predict` writes, up to the rounding of stored numbers."""
    assert main(["inspect", str(run), "--students"]) == 0
    store = run / "students" / "learned" / "soft_labels" / "train"
    manifest = json.loads((store / "manifest.json").read_text())
    assert manifest["corpus"]["name"] == "a1/train" and manifest["teacher"]["method"] == "student:learned"
    ours = np.load(store / "probs.npy").astype(np.float64)
    config, checkpoint = run / "students/learned/fit.yaml", run / "students/learned/checkpoints/last.ckpt"
    written = str(run / "predicted")
    command = [
        "predict",
        "--config",
        str(config),
        "--ckpt_path",
        str(checkpoint),
        "--trainer.default_root_dir",
        written,
    ]
    assert main([*command, "--trainer.enable_progress_bar", "false"]) == 0
    np.testing.assert_allclose(ours, np.load(run / "predicted/soft_labels/train/probs.npy"), atol=2e-3)


def test_no_class_callback_or_address_of_a_run_is_used(run):
    """Its configuration may name what it likes: models with addresses, callbacks that call any function."""
    path = run / "students" / "learned" / "fit.yaml"
    config = yaml.safe_load(path.read_text())
    config["model"] = {"class_path": "RemoteTeacher", "init_args": {"endpoint": {"url": "http://127.0.0.1:9/v1"}}}
    config["trainer"] = {"callbacks": [{"class_path": "LambdaCallback", "init_args": {"on_predict_start": "os.abort"}}]}
    config["data"]["synthetic"] = {"families": [2], "train": 9}
    path.write_text(yaml.safe_dump(config))
    assert main(["inspect", str(run), "--students"]) == 0


def test_mistakes(run, tmp_path, capsys):
    assert main(["inspect", str(run), "--students", "--split", "../../x"]) == 2
    assert "is no split, such as train, validation or test" in capsys.readouterr().err
    shutil.move(run / "students" / "learned", tmp_path / "elsewhere")
    with pytest.raises(CTLError, match="no students below it; `ctl transfer` trains them"):
        label_by_students(run, "train", {})
