"""The shipped configurations with decoders are read, without their models."""

from pathlib import Path

import pytest
import yaml

from ctl.commands.transfer import parse
from ctl.main import main
from ctl.transfer.settings import LLM_TEACHER

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("name", sorted(path.name for path in (CONFIGS / "transfer").glob("*llm*.yaml")))
def test_transfers_with_decoders(name, tmp_path):
    given = yaml.safe_load((CONFIGS / "transfer" / name).read_text())
    task = ["--config", "configs/transfer/wikiann_hub.yaml", "--backbone", "xlm-roberta-base"]
    task = [] if "sources" in given else task
    transfer = parse([*task, "--config", f"configs/transfer/{name}", "--output", str(tmp_path)])
    assert transfer.settings.llm_backbone == given["llm_backbone"]
    defaults = {key.removeprefix("llm_teacher."): value for key, value in LLM_TEACHER.items()}
    expected = {**defaults, **given["llm_teacher"]}
    assert {key: transfer.settings.llm_teacher[key] for key in expected} == expected
    assert {"", "llm", "mixed"} == {method.family for method in transfer.methods}
    assert {"pooled", "llm-pooled"} <= set(map(str, transfer.methods))  # the controls


@pytest.mark.parametrize(
    ("configs", "settings"),
    [
        (["teacher", "lora_teacher"], {"lora_rank": 16, "attention": "full", "backbone": "Qwen/Qwen3-0.6B-Base"}),
        (["adapt", "adapt_causal"], {"masked": 0.0, "lr": 5e-5, "backbone": "Qwen/Qwen3-0.6B-Base"}),
    ],
)
def test_single_stages_with_decoders(configs, settings, capsys):
    files = [part for name in configs for part in ("--config", str(CONFIGS / f"{name}.yaml"))]
    with pytest.raises(SystemExit):
        main(["fit", *files, "--print_config"])
    read = yaml.safe_load(capsys.readouterr().out)
    found = {**read["model"]["init_args"], "backbone": read["data"]["backbone"]}
    assert {key: found[key] for key in settings} == settings
    assert read["trainer"]["callbacks"][0]["class_path"].endswith("ModelCheckpoint")
