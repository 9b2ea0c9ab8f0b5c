import csv

from ctl.callbacks.progress.metrics_file import MetricsFile


def rows(folder):
    with (folder / "logs" / "fit" / "metrics.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if value} for row in csv.DictReader(file)]


def logged(folder, *steps, resumed=False, from_step=0):
    logger = MetricsFile(folder, "fit", resumed)
    logger.log_hyperparams({"lr": 1})  # Lightning does so before training, and empties the folder
    logger.go_on(from_step)
    for step in steps:
        logger.log_metrics({"train/loss": step / 10}, step)
        if step % 3 == 2:
            logger.log_metrics({"val/f1": float(step)}, step)
    return rows(folder)


def test_a_fit_that_goes_on_keeps_the_rows_before_its_step_and_no_others(tmp_path):
    """Killed after five steps, it goes on from the third: steps 3 and 4 are taken, and written, once more."""
    assert len(logged(tmp_path, 0, 1, 2, 3, 4)) == 6
    both = logged(tmp_path, 3, 4, 5, resumed=True, from_step=3)
    assert both == logged(tmp_path / "unbroken", 0, 1, 2, 3, 4, 5)
    assert [row["step"] for row in both] == ["0", "1", "2", "2", "3", "4", "5", "5"]


def test_a_new_fit_begins_with_no_rows_and_one_that_goes_on_may_have_none_before(tmp_path):
    logged(tmp_path, 0, 1)
    assert [row["step"] for row in logged(tmp_path, 0)] == ["0"]
    assert len(logged(tmp_path / "elsewhere", 7, resumed=True, from_step=7)) == 1
