"""A tree of alternatives, and log-probabilities added up along it, by hand."""

import torch

from ctl.llm.token_tree import add_up, grow


def test_a_tree_by_hand():
    tree = grow(((1, 9), (2, 3, 9), (2, 4), None))
    assert tree.tokens == [1, 2, 3] and tree.parents == [-1, -1, 1] and tree.depths == [0, 0, 1]
    assert tree.sees.tolist() == [[True, False, False], [False, True, False], [False, True, True]]
    assert tree.lengths.tolist() == [2, 3, 2, 0]
    assert tree.nodes.tolist() == [[0, 1, 0], [0, 2, 3], [0, 2, 0], [0, 0, 0]]
    assert tree.targets.tolist() == [[1, 9, 0], [2, 3, 9], [2, 4, 0], [0, 0, 0]]


def test_log_probabilities_are_added_along_the_paths():
    """Two rows: the second has one alternative of one token, and padding where the first has inner nodes."""
    trees = [grow(((1, 2), (1, 3), None)), grow(((4,), None, None))]
    logits = torch.randn(2, 2, 5, generator=torch.Generator().manual_seed(0))
    log_probs = logits.log_softmax(-1)
    scores = add_up(logits, trees)
    first = [log_probs[0, 0, 1] + log_probs[0, 1, 2], log_probs[0, 0, 1] + log_probs[0, 1, 3]]
    torch.testing.assert_close(scores[0, :2], torch.stack(first))
    torch.testing.assert_close(scores[1, 0], log_probs[1, 0, 4])
    assert torch.isinf(scores[0, 2]) and torch.isinf(scores[1, 1:]).all()
