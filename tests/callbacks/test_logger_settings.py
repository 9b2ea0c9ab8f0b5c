from ctl.callbacks.logger_settings import loggers_of, sweep_folder, wandb_loggers

WANDB, CSV = {"class_path": "lightning.pytorch.loggers.WandbLogger"}, {"class_path": "CSVLogger"}


def test_loggers_of_whatever_a_trainer_is_given():
    assert loggers_of(None) == loggers_of(True) == loggers_of(False) == []
    assert loggers_of(CSV) == [CSV] and loggers_of([CSV, WANDB]) == [CSV, WANDB]
    assert wandb_loggers([CSV, WANDB]) == [WANDB] and wandb_loggers(CSV) == []


def test_a_folder_for_each_run_of_a_sweep(monkeypatch):
    for name in ("WANDB_SWEEP_ID", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert sweep_folder() is None
    monkeypatch.setenv("WANDB_SWEEP_ID", "s")
    monkeypatch.setenv("WANDB_RUN_ID", "r")
    assert sweep_folder() == "runs/sweeps/s/r"
