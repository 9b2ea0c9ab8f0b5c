from pathlib import Path

from lightning.pytorch import Trainer

from ctl.system.replacing import differences
from ctl.transfer.dependence import root_of, settings_that_matter


def config(run, **data):
    trainer = {"max_epochs": 2, "default_root_dir": f"{run}/students/a", "devices": "auto"}
    trainer["callbacks"] = [{"class_path": "WeightsOnly", "init_args": {"path": f"{run}/students/a/x.ckpt"}}]
    model = {"class_path": "Student", "init_args": {"loss": "kl", "lr": 1e-3, "variant": None}}
    data = {"backbone": f"{run}/pretrained/backbone", "soft_labels": f"{run}/ensembles/a", "root": "data", **data}
    return {"seed_everything": 0, "trainer": trainer, "model": model, "data": data}


def settings(given, root="runs/r", made=("pretrained", "ensembles"), sentences=10):
    return settings_that_matter(given, Path(root), made, sentences)


def test_settings_that_matter():
    assert settings(config("runs/r")) == {
        "model": "Student", "model.loss": "kl", "model.lr": 1e-3, "seed_everything": 0, "trainer.max_epochs": 2,
        "WeightsOnly.path": "<run>/students/a/x.ckpt", "data.backbone": "<run>/pretrained/backbone",
        "data.soft_labels": "<run>/ensembles/a",
    }  # fmt: skip


def test_places_speed_and_display_change_nothing(tmp_path):
    first = settings(config("runs/r"))
    assert settings(config(tmp_path), tmp_path) == first == settings(config(f"{Path.cwd()}/runs/r"))
    same = config("runs/r", root="/elsewhere/", num_workers=4, eval_tokens=1, limit=10, keep=0.3, synthetic={"seed": 1})
    same["trainer"] |= {"accelerator": "cpu", "enable_progress_bar": False, "devices": 1, "logger": True}
    same["model"]["init_args"] |= {"compile": True, "dropout": 0.1, "temperature": 1.0}
    assert settings(same) == first


def test_what_matters_is_seen():
    first = settings(config("runs/r"))
    for section, change in {
        "data": {"batch_size": 8}, "trainer": {"devices": 2}, "model": {"lr": 1e-4},
    }.items():  # fmt: skip
        changed = config("runs/r")
        (changed["model"]["init_args"] if section == "model" else changed[section]).update(change)
        assert len(list(differences(first, settings(changed)))) == 1
    assert settings(config("runs/r", limit=9))["data.limit"] == 9
    assert settings(config("runs/r", filter="entropy", keep=0.3))["data.keep"] == 0.3


def test_a_backbone_from_outside_is_known_by_its_contents():
    assert "data.backbone" not in settings(config("runs/r", backbone="elsewhere/encoder"))
    assert "data.backbone" not in settings(config("runs/r"), made=())


def test_the_folder_that_a_configuration_was_written_for():
    assert root_of(config("old/run"), Path("students/a")) == Path("old/run")
    assert root_of(config("old/run"), Path("teachers/a")) is None


def test_every_setting_without_effect_is_one_of_the_trainer_s():
    from inspect import signature

    from ctl.results import IDLE

    assert IDLE["trainer"] <= set(signature(Trainer).parameters)


def test_adapters_of_runs_of_before_had_another_dropout():
    """A run that names none had the default of its time, or was trained without adapters."""

    def of(**arguments):
        given = config("runs/r")
        given["model"]["init_args"] |= arguments
        return settings(given)

    earlier, now = of(lora_rank=4), of(lora_rank=4, lora_dropout=0.0)
    assert list(differences(earlier, now)) == ["model.lora_dropout is the default there and 0.0 here"]
    assert of(lora_rank=4, lora_dropout=0.05) == earlier and of(lora_rank=0, lora_dropout=0.05) == of()
