"""Transfers with teachers that are decoders, and with both kinds."""

import json

import pytest
import torch
import yaml

from ctl.commands.transfer import parse
from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.results import weights_by_source

METHODS = [
    "llm-direct:a2", "llm-pooled", "llm-ensemble:learned", "llm-student:uniform+calibrated", "mixed-ensemble:learned",
    "mixed-student:uniform",
]  # fmt: skip


def arguments(root, output, *more):
    return [
        "--data.root", str(root), "--backbone", str(root / "encoder"), "--llm_backbone", str(root / "decoder"),
        "--sources", "[a2,b1]", "--target", "a1", "--output", str(output), "--teacher_epochs", "1",
        "--llm_teacher_epochs", "2", "--llm_teacher.lora_rank", "4", "--llm_teacher.lr", "1e-2",
        "--llm_pretrain_epochs", "1", "--student_epochs", "1", "--language_id_epochs", "1", "--teacher.lr", "1e-3",
        "--methods", json.dumps(METHODS), "--trainer.accelerator", "cpu", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def finished(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("llm")
    assert main(["transfer", *arguments(family, output)]) == 0
    return output


def test_every_method_goes_by_its_name(finished):
    records = {record["method"]: record for record in json.loads((finished / "results.json").read_text())}
    assert list(records) == METHODS
    mixed = records["mixed-ensemble:learned"]
    assert mixed["sources"] == ["a2", "b1"]
    encoders, decoders = mixed["provenance"]["weights"][:2], mixed["provenance"]["weights"][2:]
    assert encoders == decoders and sum(encoders) == pytest.approx(0.5, abs=1e-3)
    assert sum(weights_by_source(mixed).values()) == pytest.approx(1, abs=1e-3)
    alone = records["llm-ensemble:learned"]["provenance"]["weights"]
    assert [2 * weight for weight in encoders] == pytest.approx(alone, abs=1e-3)
    assert records["mixed-student:uniform"]["provenance"]["taught_by"]["method"] == "mixed-ensemble:uniform"
    assert all(0 <= record["f1"] <= 100 and record["train_seconds"] > 0 for record in records.values())


def test_a_mixture_is_the_mean_over_both_kinds(finished):
    stores = [
        SoftLabelStore(finished / home / "soft_labels" / "train").probs[:].astype("float32")
        for home in (
            "teachers/a2", "teachers/b1", "llm/teachers/a2", "llm/teachers/b1", "ensembles/mixed-uniform",
        )
    ]  # fmt: skip
    torch.testing.assert_close(torch.from_numpy(sum(stores[:4]) / 4), torch.from_numpy(stores[4]), atol=2e-3, rtol=0)


def test_decoders_begin_from_the_text_they_read_and_keep_adapters_alone(finished):
    checkpoint = torch.load(finished / "llm/teachers/a2/checkpoints/best.ckpt", weights_only=True)
    assert checkpoint["hyper_parameters"]["backbone"] == str(finished / "llm/pretrained/backbone")
    assert checkpoint["hyper_parameters"]["attention"] == "full"
    assert not any("base_layer" in key or "embed" in key for key in checkpoint["state_dict"])
    config = yaml.safe_load((finished / "llm/pretrained/config.fit.yaml").read_text())
    assert config["data"]["text"] == ["a2", "b1", "a1"] and config["model"]["init_args"]["masked"] == 0


def test_a_changed_setting_redoes_what_depends_on_it(family, finished):
    def redone(*more):
        transfer = parse(arguments(family, finished, *more))
        return {stage.title for stage in transfer.plan(transfer.read()) if not stage.done()}

    assert redone() == set()
    titles = redone("--llm_teacher.lr", "2e-2")
    assert "train LLM teacher of a2" in titles and "train mixed-student:uniform" in titles
    assert not any(title.startswith(("train teacher", "the decoder", "train language")) for title in titles)
    titles = redone("--methods", "[llm-direct:a2+adapted]")
    assert titles == {"the decoder reads a1", "train adapted LLM teacher of a2", "score llm-direct:a2+adapted"}


def test_bad_settings_stop_before_training(family, tmp_path, capsys):
    for more, said in (
        (["--llm_backbone", str(family / "encoder")], "a bert is no causal language model"),
        (["--llm_backbone", str(family / "nowhere")], "no such folder"),
        (["--llm_backbone", "null"], "needs a decoder: set --llm_backbone"),
    ):
        assert main(["transfer", *arguments(family, tmp_path / "run", *more)]) == 2
        told = capsys.readouterr().err
        assert said in told and "train" not in told
