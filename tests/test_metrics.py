import random

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2

from ctl.data.tags import TagSchema, span_ends
from ctl.metrics import Calibration, SpanF1

SCHEMA = TagSchema(("PER", "ORG", "LOC"))


def random_tags(rng: random.Random) -> list[list[int]]:
    """A few sentences of tag ids, most of them no legal BIO2; some are empty."""
    return [[rng.choice([0, 0, *range(7)]) for _ in range(rng.randrange(0, 9))] for _ in range(rng.randrange(1, 6))]


def legal(sentence: list[int]) -> list[int]:
    """The same tags with every I- that follows neither its B- nor its I- turned into B-."""
    fixed = []
    for tag in sentence:
        opens = tag and tag % 2 == 0 and (not fixed or (fixed[-1] + 1) // 2 != tag // 2)
        fixed.append(tag - 1 if opens else tag)
    return fixed


def tensors(sentences: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([tag for s in sentences for tag in s], dtype=torch.long), torch.tensor(
        [len(s) for s in sentences]
    )


def names(sentences: list[list[int]]) -> list[list[str]]:
    return [[SCHEMA.tags[tag] for tag in sentence] for sentence in sentences]


@pytest.mark.parametrize("strict", [False, True])
def test_equals_seqeval_on_thousands_of_random_sequences(strict):
    rng = random.Random(0)
    mode = {"mode": "strict", "scheme": IOB2} if strict else {}
    for _ in range(1500):
        predicted = random_tags(rng)
        actual = [legal([rng.choice([tag, rng.randrange(7)]) for tag in sentence]) for sentence in predicted]
        metric = SpanF1(SCHEMA.types, strict=strict)
        metric.update(*(tensors(tags)[0] for tags in (predicted, actual)), tensors(predicted)[1])
        scores = metric.compute()
        # seqeval's strict mode fails on input without any entity or sentence; 0 there by its own definition
        if not any(map(any, predicted)) and not any(map(any, actual)):
            assert float(scores["f1"]) == 0
            continue
        pairs = (names(actual), names(predicted))
        for key, reference in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
            assert float(scores[key]) == pytest.approx(100 * reference(*pairs, zero_division=0, **mode), abs=1e-4)


def test_spans_equal_seqevals_entities():
    rng = random.Random(1)
    for _ in range(2000):
        sentence = [rng.randrange(7) for _ in range(rng.randrange(1, 12))]
        tags, lengths = tensors([sentence])
        ends = span_ends(tags, lengths).tolist()
        found = [(SCHEMA.types[(sentence[i] - 1) // 2], i, end - 1) for i, end in enumerate(ends) if end >= 0]
        assert found == get_entities(names([sentence])[0])


def test_counts_by_hand():
    metric = SpanF1(SCHEMA.types)
    #                 B-PER I-PER O B-LOC | B-ORG
    actual = torch.tensor([1, 2, 0, 5, 3])
    predicted = torch.tensor([1, 2, 0, 3, 4])  # the second has the wrong type; the last is a stray I-ORG, right
    metric.update(predicted, actual, torch.tensor([4, 1]))
    scores = {name: round(float(value), 2) for name, value in metric.compute().items()}
    assert (scores["precision"], scores["recall"], scores["f1"]) == (66.67, 66.67, 66.67)
    assert (scores["PER/f1"], scores["LOC/f1"], scores["ORG/precision"], scores["ORG/recall"]) == (100, 0, 50, 100)


def test_raw_text_is_refused():
    with pytest.raises(ValueError, match="gold tag"):
        SpanF1(SCHEMA.types).update(torch.tensor([0]), torch.tensor([-100]), torch.tensor([1]))


def _count_a_share(rank: int, world_size: int, port: int, folder: str) -> None:
    torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=world_size)
    predicted, actual = np.load(f"{folder}/tags.npy")
    metric = SpanF1(SCHEMA.types)
    for sentence in range(rank, len(predicted), world_size):
        metric.update(
            torch.tensor(predicted[sentence]), torch.tensor(actual[sentence]), torch.tensor([predicted.shape[1]])
        )
    scores = metric.compute()
    if rank == 0:
        np.save(f"{folder}/f1.npy", float(scores["f1"]))
    torch.distributed.destroy_process_group()


def test_two_processes_count_as_one(tmp_path, free_port):
    tags = np.random.default_rng(0).integers(0, 7, size=(2, 31, 8))
    np.save(tmp_path / "tags.npy", tags)
    mp.spawn(_count_a_share, args=(2, free_port, str(tmp_path)), nprocs=2)
    alone = SpanF1(SCHEMA.types)
    alone.update(*(torch.tensor(part.ravel()) for part in tags), torch.full((31,), 8))
    assert float(np.load(tmp_path / "f1.npy")) == pytest.approx(float(alone.compute()["f1"]))


def test_calibration_by_hand():
    """Three words at 0.9 of which two are right, one at 0.6 that is right, in two batches."""
    metric = Calibration()
    metric.update(torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]), torch.tensor([0, 0, 0]))
    metric.update(torch.tensor([[0.4, 0.6]]), torch.tensor([1]))
    found = metric.compute()
    assert float(found["ece"]) == pytest.approx(100 * (3 * (0.9 - 2 / 3) + (1 - 0.6)) / 4, rel=1e-4)
    assert found["count"].tolist() == [0.0] * 8 + [0.0, 1.0] + [0.0] * 3 + [3.0, 0.0]
    assert float(found["accuracy"][13]) == pytest.approx(2 / 3) and float(found["confidence"][9]) == pytest.approx(0.6)
