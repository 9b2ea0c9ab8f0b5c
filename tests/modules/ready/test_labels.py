"""Labels of other taggers as tags of the task; sums by hand."""

import pytest
import torch

from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.modules.ready.labels import read_labels

SCHEMA = TagSchema(("PER", "LOC"))  # O B-PER I-PER B-LOC I-LOC


def tags_of(*labels, type_map=None, schema=SCHEMA):
    return [schema.tags[tag] for tag in read_labels(labels, schema, type_map).tags]


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        (["I-LOC", "O", "B-LOC", "B-PER", "I-PER"], ["I-LOC", "O", "B-LOC", "B-PER", "I-PER"]),
        (["O", "B-PER", "I-PER", "L-PER", "U-PER"], ["O", "B-PER", "I-PER", "I-PER", "B-PER"]),
        (["O", "B-LOC", "M-LOC", "E-LOC", "S-LOC"], ["O", "B-LOC", "I-LOC", "I-LOC", "B-LOC"]),
        (["O", "B_PERSON", "I_PERSON", "LOC", "DATE"], ["O", "B-PER", "I-PER", "I-LOC", "O"]),
        (["B-GPE", "I-FAC", "B-per", "I-NORP", "o"], ["B-LOC", "I-LOC", "B-PER", "O", "O"]),
    ],
)
def test_any_scheme_and_order(labels, tags):
    assert tags_of(*labels) == tags


def test_numbers_for_labels_need_a_map():
    with pytest.raises(
        CTLError, match=r"none of its labels \(LABEL_0, LABEL_1\) is of a type of the task \(PER, LOC\)"
    ):
        tags_of("LABEL_0", "LABEL_1")
    assert tags_of("LABEL_0", "LABEL_1", type_map={"LABEL_1": "B-PER", "LABEL_0": "O"}) == ["O", "B-PER"]


def test_the_user_s_names_win_over_common_ones():
    labels = read_labels(["O", "B-GPE", "B-PERSON", "B-EVENT"], SCHEMA, {"GPE": None, "EVENT": "PER"})
    assert labels.read_as == {"GPE": None, "PERSON": "PER", "EVENT": "PER"} and labels.types == ["PER"]
    assert str(labels) == "PERSON, EVENT read as PER; GPE read as O; it knows no LOC"


def test_a_task_of_other_names():
    ontonotes = TagSchema(("PERSON", "GPE", "FAC"))
    assert tags_of("B-PER", "B-FAC", "B-LOC", schema=ontonotes) == ["B-PERSON", "B-FAC", "O"]  # a LOC could be either
    assert tags_of("B-MISC", "I-NORP", schema=TagSchema(("MISC",))) == ["B-MISC", "I-MISC"]


@pytest.mark.parametrize(
    ("type_map", "message"),
    [
        ({"X": "PER"}, "has no label or type X; its labels are O, B-PER"),
        ({"PER": "ORG"}, "PER: ORG: no type of the task, which has PER, LOC"),
        ({"PER": None}, "none of its labels"),
    ],
)
def test_a_map_that_can_not_be_used(type_map, message):
    with pytest.raises(CTLError, match=message):
        read_labels(["O", "B-PER"], SCHEMA, type_map)


def test_the_mass_of_labels_is_added_up():
    """BILOU: B and U begin, I and L go on; a DATE is O."""
    labels = read_labels(["O", "B-PER", "I-PER", "L-PER", "U-PER", "U-DATE"], SCHEMA)
    shares = torch.tensor([[0.1, 0.4, 0.1, 0.1, 0.2, 0.1], [0.1, 0.1, 0.2, 0.4, 0.1, 0.1]])
    probs = labels.probabilities(shares, torch.tensor([2]))
    assert torch.allclose(probs[0], torch.tensor([0.2, 0.8, 0, 0, 0]))  # nothing goes on in a first word
    assert torch.allclose(probs[1], torch.tensor([0.2, 0.2, 0.6, 0, 0]))


def test_types_alone_give_entities_by_the_rule_of_conlleval():
    """IO: PER PER LOC | LOC, two sentences."""
    labels = read_labels(["PER", "LOC", "O"], SCHEMA)
    shares = torch.tensor([[0.7, 0.1, 0.2], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.9, 0.0]])
    probs = labels.probabilities(shares, torch.tensor([3, 1]))
    assert [SCHEMA.tags[tag] for tag in probs.argmax(-1).tolist()] == ["B-PER", "I-PER", "B-LOC", "B-LOC"]
    assert torch.allclose(probs.sum(-1), torch.ones(4)) and torch.allclose(
        probs[1], torch.tensor([0.1, 0, 0.6, 0.3, 0])
    )


def test_nothing_goes_on_after_the_end_of_an_entity():
    labels = read_labels(["O", "U-PER", "I-PER"], SCHEMA)
    probs = labels.probabilities(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([2]))
    assert [SCHEMA.tags[tag] for tag in probs.argmax(-1).tolist()] == ["B-PER", "B-PER"]
