"""A tiny encoder, and two related toy languages with labels: everything that a run needs, in a temporary folder."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers and datasets are imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of processes that tests start: tiny models, several at once

import pytest
import torch

from ctl.system.console import notice

TYPES = ["PER", "ORG", "LOC"]


@pytest.fixture(autouse=True)
def notices_are_new():
    """What one test was told is told again in the next."""
    notice.cache_clear()


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    """Folder of four artificial languages, a1 (the natural target) a2 a3 b1, with a tiny encoder."""
    from ctl.data.synthetic.family import SyntheticFamily

    root = tmp_path_factory.mktemp("family")
    SyntheticFamily(families=(3, 1), train=120, raw=150, validation=40, test=60, seed=1, width=32).write(root)
    return root


@pytest.fixture(scope="session")
def write_classifier(family, tmp_path_factory):
    """Writes the folder of a token classifier with these labels, and gives it."""
    from transformers import AutoTokenizer, BertConfig, BertForTokenClassification

    def write(*labels, config=BertConfig, classifier=BertForTokenClassification, seed=0, sharp=1.0, **more):
        tokenizer = AutoTokenizer.from_pretrained(family / "encoder")
        size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
        settings = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, "initializer_range": 0.5}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = classifier(config(id2label=dict(enumerate(labels)), **{**size, **settings, **more}))
            model.classifier.weight.data *= sharp  # far from ties
        folder = tmp_path_factory.mktemp("classifier")
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return write


@pytest.fixture(scope="session")
def language_models(family, tmp_path_factory):
    """Folders of tiny causal language models of several architectures, by name."""
    from tiny import write_language_models

    return write_language_models(family, tmp_path_factory.mktemp("language_models"))


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def trained_run(family, tmp_path_factory):
    """A transfer with a student of learned weights among others, trained well enough to find entities."""
    from ctl.main import main

    output = tmp_path_factory.mktemp("trained") / "run"
    methods = "[direct, 'student:uniform', 'student:learned']"
    settings = [
        "--data.root", str(family), "--backbone", str(family / "encoder"), "--sources", "[a2,a3]", "--target", "a1",
        "--output", str(output), "--teacher_epochs", "6", "--student_epochs", "8", "--teacher.lr", "3e-3",
        "--student.lr", "3e-3", "--trainer.accelerator", "cpu", "--methods", methods, "--trainer.precision", "32-true",
    ]  # fmt: skip
    assert main(["transfer", *settings]) == 0
    return output


@pytest.fixture
def test_split(family):
    """The gold test split of the target."""
    from ctl.data.reading.conll import read_conll

    return read_conll(family / "a1" / "test.txt", "a1/test")
