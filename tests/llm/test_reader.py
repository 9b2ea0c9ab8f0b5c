"""Reading in steps with a kept cache equals reading at once; models that read in another way are refused."""

import pytest
import torch

from ctl.errors import CTLError
from ctl.llm.reader import Reader, check_reading
from ctl.llm.token_tree import grow


def test_a_model_that_ignores_masks_is_refused(open_model):
    model, script = open_model("llama")
    check_reading(model, script)
    forward = model.forward
    model.forward = lambda **inputs: forward(**{**inputs, "position_ids": None})
    with pytest.raises(CTLError, match="does not follow attention masks and positions"):
        check_reading(model, script)


@torch.no_grad()
def test_steps_equal_one_reading(open_model):
    """Two rows of different length read twice; then only the first goes on."""
    model, _ = open_model("llama")
    reader = Reader(model, [3, 4], 2)
    trees = [grow(((7,), (8, 9)))] * 2
    reader.score([[5, 6], [5]], trees)
    reader.keep(1)
    scores = reader.score([[10]], trees[:1])

    def plain(*path):
        ids = [3, 4, 5, 6, 10, *path]
        log_probs = model(torch.tensor([ids]), use_cache=False).logits[0].log_softmax(-1)
        return sum(log_probs[4 + depth, token] for depth, token in enumerate(path))

    torch.testing.assert_close(scores, torch.stack([plain(7), plain(8, 9)])[None], rtol=1e-4, atol=1e-4)
