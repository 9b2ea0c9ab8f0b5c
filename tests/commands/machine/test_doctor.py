"""``ctl doctor`` describes the machine, and keeps secrets to itself."""

import pytest

from ctl.commands.machine.doctor import facts, rate
from ctl.main import main


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("ctl.commands.machine.doctor.SECONDS", 0.05)


def test_every_fact_is_a_line_and_secrets_are_kept(capsys, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "secret-key")
    monkeypatch.setenv("HF_TOKEN", "secret-token")
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for name in ("torch ", "devices", "-true" if "-true" in printed else "-mixed", "GFLOP/s", "offline", "GiB free"):
        assert name in printed
    assert "a token" in printed and "a key" in printed and "secret" not in printed


def test_a_package_that_is_missing_is_named_with_what_needs_it(monkeypatch):
    monkeypatch.setattr("ctl.commands.machine.doctor.EXTRAS", {"nothing_of_this_name": "dreams", "json": "data"})
    told = dict(facts())
    assert told["extra nothing_of_this_name"] == "not installed (dreams)" and told["extra json"] == "there"


def test_a_key_in_netrc_is_seen(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "no key" in dict(facts())["W&B"]
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert "a key" in dict(facts())["W&B"]


def test_the_rate_is_that_of_the_operations():
    assert 0.001 < rate("float32", size=64) < 1e6
