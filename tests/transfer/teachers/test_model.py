"""A model of a plan: one that a stage trains."""

from ctl.transfer.stage import Stage
from ctl.transfer.teachers.model import Model


def test_a_trained_model_is_what_its_stage_leaves(tmp_path):
    config = {"model": {"class_path": "Teacher"}, "data": {"sources": ["en"]}}
    fit = Stage("train teacher of en", tmp_path, "fit", config, ("checkpoints/best.ckpt",))
    model = Model.of(fit)
    assert (model.title, model.folder, model.tagger) == ("teacher of en", tmp_path, "")
    assert model.checkpoint == tmp_path / "checkpoints" / "best.ckpt" and model.after == (fit,)
    assert (model.model, model.data) == (config["model"], config["data"])
