import numpy as np
import pytest

from ctl.mixing.answers import Answers
from ctl.mixing.chain import legal_steps
from ctl.mixing.inference import fit_truth

TAGS = 5  # O B-X I-X B-Y I-Y
FIRST = np.array([0.7, 0.2, 0.0, 0.1, 0.0])
STEPS = np.array([
    [0.80, 0.12, 0.00, 0.08, 0.00],
    [0.40, 0.05, 0.50, 0.05, 0.00],
    [0.60, 0.05, 0.30, 0.05, 0.00],
    [0.50, 0.05, 0.00, 0.05, 0.40],
    [0.65, 0.05, 0.00, 0.05, 0.25],
])  # fmt: skip


def confusion(right, taken_for):
    """A teacher that is right on each tag so often; else it says some other tag, or any."""
    table = np.full((TAGS, TAGS), 0.0)
    for tag, share in enumerate(right):
        table[tag] = (1 - share) / (2 * (TAGS - 1))
        table[tag, taken_for[tag]] += (1 - share) / 2
        table[tag, tag] = 0
        table[tag] *= (1 - share) / table[tag].sum()
        table[tag, tag] = share
    return table


CONFUSIONS = np.stack([
    confusion([0.97, 0.90, 0.85, 0.50, 0.50], [1, 0, 1, 1, 2]),  # knows X, takes Y for X
    confusion([0.97, 0.45, 0.45, 0.90, 0.85], [3, 3, 4, 0, 3]),  # knows Y, takes X for Y
    confusion([0.90, 0.70, 0.70, 0.70, 0.70], [1, 3, 4, 1, 2]),
    confusion([0.97, 0.40, 0.40, 0.40, 0.40], [1, 0, 0, 0, 0]),  # misses most
])  # fmt: skip


@pytest.fixture(scope="module")
def annotated():
    """True tags of 4,000 sentences, what four artificial annotators say (K, N), and the lengths."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 12, 4000)
    truth = np.empty(lengths.sum(), dtype=int)
    chances, place = rng.random(len(truth)), 0
    for length in lengths:
        row = FIRST
        for word in range(place, place + length):
            truth[word] = np.searchsorted(row.cumsum(), chances[word])
            row = STEPS[truth[word]]
        place += length
    sums = CONFUSIONS[:, truth].cumsum(-1)
    answers = (rng.random((len(CONFUSIONS), len(truth), 1)) > sums).sum(-1).clip(max=TAGS - 1)
    return truth, answers, lengths


def hard(answers, tags=TAGS):
    return np.eye(tags, dtype=np.float32)[answers]


def test_known_confusions_are_found_and_the_truth_beats_a_vote(annotated):
    truth, answers, lengths = annotated
    part = Answers(hard(answers), lengths)
    model = fit_truth(lambda: [part])
    assert np.abs(model.confusions - CONFUSIONS).max() < 0.05
    assert np.abs(model.chain.steps - STEPS).max() < 0.05 and np.abs(model.chain.first - FIRST).max() < 0.03
    assert (model.chain.steps[~legal_steps(TAGS)[1]] == 0).all() and model.chain.first[[2, 4]].tolist() == [0, 0]
    inferred = model.posterior(part).argmax(-1)
    vote, best = hard(answers).sum(0).argmax(-1), max((own == truth).mean() for own in answers)
    assert (inferred == truth).mean() > max((vote == truth).mean(), best) + 0.03
    np.testing.assert_allclose(model.frequencies, np.bincount(truth) / len(truth), atol=0.02)
    assert model.words == len(truth) and model.shares().argmin() == 3


def test_the_objective_never_falls_and_parts_change_nothing(annotated):
    _, answers, lengths = annotated
    soft = 0.7 * hard(answers) + 0.3 / TAGS
    half, reached = int(lengths[:2000].sum()), []
    whole = fit_truth(
        lambda: [Answers(soft, lengths)], rounds=range(1, 13), follow=lambda _, value: reached.append(value)
    )
    assert len(reached) == whole.rounds == 12 and (np.diff(reached) > 0).all()
    parts = [Answers(soft[:, :half], lengths[:2000]), Answers(soft[:, half:], lengths[2000:])]
    np.testing.assert_allclose(fit_truth(lambda: parts, rounds=range(1, 13)).confusions, whole.confusions, rtol=1e-9)


def test_a_teacher_that_labels_nothing_changes_nothing(annotated):
    _, answers, lengths = annotated
    three = Answers(hard(answers[:3]), lengths)
    four = Answers(np.concatenate([three.each, np.zeros((1, *three.each.shape[1:]), dtype=np.float32)]), lengths)
    without, silent = fit_truth(lambda: [three]), fit_truth(lambda: [four])
    np.testing.assert_allclose(silent.posterior(four), without.posterior(three), atol=1e-9)
    assert silent.shares()[3] == 0
    np.testing.assert_allclose(silent.confusions[3], 1 / TAGS)


def test_no_text_is_refused():
    with pytest.raises(ValueError, match="no text"):
        fit_truth(list)


# Without transitions (each word a sentence) and without a prior the model is that of Dawid and Skene.

ITEMS, LABELS = 600, 3
ROUNDS = 20


def crowd():
    """Three labels (O, B-X and B-Y) by four annotators; some leave items out."""
    rng = np.random.default_rng(1)
    truth = rng.choice(LABELS, ITEMS, p=[0.6, 0.25, 0.15])
    right = np.array([0.9, 0.75, 0.6, 0.5])[:, None]
    answers = np.where(rng.random((4, ITEMS)) < right, truth, rng.integers(0, LABELS, (4, ITEMS)))
    return answers, rng.random((4, ITEMS)) < 0.9


def fitted_to(answers, given, rounds=ROUNDS):
    """The shares of labels and the confusions after so many rounds, and the posterior of the next."""
    each = hard(2 * answers - (answers > 0)) * given[:, :, None]  # labels 0 1 2 are the tags O B-X B-Y
    part = Answers(each, np.ones(ITEMS, dtype=int))
    model = fit_truth(lambda: [part], prior=0, rounds=range(1, rounds + 1), tolerance=-np.inf)
    kept = [0, 1, 3]
    return model.posterior(part)[:, kept], model.chain.first[kept], model.confusions[:, kept][:, :, kept]


def by_loops(answers, given):
    """Dawid and Skene (1979), equations 2.3 to 2.5, written out."""
    teachers = range(len(answers))
    truth = np.zeros((ITEMS, LABELS))
    for item in range(ITEMS):
        for teacher in teachers:
            truth[item, answers[teacher, item]] += given[teacher, item]
    truth[truth.sum(-1) == 0] = 1
    truth /= truth.sum(-1, keepdims=True)
    for last in range(ROUNDS + 1):
        share, tables = truth.mean(0), np.zeros((len(answers), LABELS, LABELS))
        for teacher in teachers:
            for item in np.flatnonzero(given[teacher]):
                tables[teacher, :, answers[teacher, item]] += truth[item]
        tables /= tables.sum(-1, keepdims=True)
        if last < ROUNDS:
            for item in range(ITEMS):
                factors = [tables[k, :, answers[k, item]] for k in teachers if given[k, item]]
                truth[item] = share * np.prod(factors, axis=0)
            truth /= truth.sum(-1, keepdims=True)
    return share, tables


def test_it_is_dawid_and_skene_written_out():
    answers, given = crowd()
    _, share, tables = fitted_to(answers, given)
    expected = by_loops(answers, given)
    np.testing.assert_allclose(share, expected[0], atol=1e-9)
    np.testing.assert_allclose(tables, expected[1], atol=1e-9)


def test_it_is_crowd_kits_dawid_and_skene():
    pd, aggregation = pytest.importorskip("pandas"), pytest.importorskip("crowdkit.aggregation")
    answers, given = crowd()
    _, share, tables = fitted_to(answers, given)
    worker, task = np.nonzero(given)
    labels = pd.DataFrame({"task": task, "worker": worker, "label": answers[worker, task]})
    other = aggregation.DawidSkene(n_iter=ROUNDS, tol=-np.inf).fit(labels)
    np.testing.assert_allclose(share, other.priors_.sort_index(), atol=1e-6)
    for number, table in enumerate(tables):
        errors = other.errors_.xs(number, level="worker").sort_index().sort_index(axis=1).to_numpy()
        np.testing.assert_allclose(table.T, errors, atol=1e-6)
    posterior, _, _ = fitted_to(answers, given, ROUNDS - 1)
    np.testing.assert_allclose(posterior[given.any(0)], other.probas_.sort_index().sort_index(axis=1), atol=1e-6)
