"""A trained tagger as a component of spaCy: ``nlp.add_pipe("ctl", config={"model": "runs/quickstart"})``.

spaCy finds this module by the entry point ``spacy_factories``. It reads the types of the settings while the program
runs, so annotations here are no strings.
"""

import importlib.util
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, Literal

from ctl.data.sentences import Place
from ctl.errors import CTLError
from ctl.tagging.text_tagger import TextTagger, load_tagger
from ctl.tagging.texts import Tagged, Text

SCORE = "ctl_confidence"  # of an entity: `span._.ctl_confidence`
Words = Literal["spacy", "ctl"]


class EntityFinder:
    """A component that sets ``doc.ents``.

    Args:
        tagger: the model.
        words: ``spacy``: the tokens of the document are the words. ``ctl``: the text is cut as by ``ctl tag``, and an
            entity has all tokens that it touches.
        overwrite_ents: replace entities that earlier components found; otherwise keep them, and add those that overlap
            none of them.
    """

    def __init__(self, tagger: TextTagger, words: Words = "spacy", overwrite_ents: bool = True) -> None:
        self.tagger = tagger
        self.words = words
        self.overwrite_ents = overwrite_ents

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types that the model knows."""
        return self.tagger.schema.types

    def __call__(self, doc: Any) -> Any:  # noqa: ANN401
        """Sets the entities of a document."""
        return next(self.pipe([doc]))

    def pipe(self, docs: Iterable[Any], *, batch_size: int = 128) -> Iterator[Any]:
        """Sets the entities of documents, several of which are tagged together."""
        for some in _batches(docs, batch_size):
            texts = [text_of_tokens(doc) if self.words == "spacy" else Text.raw(doc.text) for doc in some]
            for doc, tagged in zip(some, self.tagger.tag(texts), strict=True):
                self._set(doc, tagged)
                yield doc

    def _set(self, doc: Any, tagged: Tagged) -> None:  # noqa: ANN401
        """Puts entities into a document."""
        from spacy.util import filter_spans

        entities = []
        for span in tagged.spans:
            entity = doc.char_span(span.start, span.end, label=span.type, alignment_mode="expand")
            entity._.set(SCORE, span.confidence)
            entities.append(entity)
        earlier = [] if self.overwrite_ents else list(doc.ents)
        tokens = {token.i for entity in earlier for token in entity}
        added = [entity for entity in filter_spans(entities) if tokens.isdisjoint(range(entity.start, entity.end))]
        doc.set_ents([*earlier, *added])


def text_of_tokens(doc: Any) -> Text:  # noqa: ANN401
    """A document's text with its tokens as words; white space is no word.

    Its sentences are the document's own, where a component has found them, else they are cut by rules.
    """
    places = [(token.idx, token.idx + len(token)) for token in doc if not token.is_space]
    if doc.has_annotation("SENT_START"):
        starts = [sentence.start_char for sentence in doc.sents]
    else:
        starts = [sentence[0][0] for sentence in Text.raw(doc.text).places]
    return Text(doc.text, _in_sentences(places, starts))


def _in_sentences(places: Sequence[Place], starts: Sequence[int]) -> list[list[Place]]:
    """Groups the places of words by the sentence in which they begin.

    Args:
        places: of words (W).
        starts: the first character of every sentence (S).
    """
    return [list(group) for _, group in groupby(places, lambda place: bisect_right(starts, place[0]))]


def _batches(docs: Iterable[Any], size: int) -> Iterator[Sequence[Any]]:
    rest = iter(docs)
    while some := list(islice(rest, size)):
        yield some


def make_component(
    nlp: Any,  # noqa: ANN401
    name: str,
    model: str | None,
    method: str | None,
    device: str | None,
    precision: str | None,
    threshold: float | dict[str, float] | None,
    words: Words,
    overwrite_ents: bool,
) -> EntityFinder:
    """Makes the component; spaCy calls this with the settings of ``nlp.add_pipe``.

    Args:
        nlp: the pipeline.
        name: of the component in it.
        model: a run, a checkpoint or an export, as in `load_tagger`; so are ``method``, ``device`` and ``precision``.
        method: of a transfer, which of its models.
        device: ``cpu``, ``cuda``, ``mps``.
        precision: ``32`` or ``bf16``.
        threshold: for more entities, or more certain ones: a number from 0 to 1, for all types or by type.
        words: see `EntityFinder`.
        overwrite_ents: see `EntityFinder`.

    Raises:
        CTLError: no model is named, or it can't be loaded.
    """
    from spacy.tokens import Span

    if model is None:
        raise CTLError('the component needs a model: nlp.add_pipe("ctl", config={"model": "runs/quickstart"})')
    if not Span.has_extension(SCORE):
        Span.set_extension(SCORE, default=None)
    tagger = load_tagger(model, method, device=device, precision=precision, threshold=threshold)
    return EntityFinder(tagger, words, overwrite_ents)


SETTINGS = {
    "model": None, "method": None, "device": None, "precision": None, "threshold": None, "words": "spacy",
    "overwrite_ents": True,
}  # fmt: skip

if importlib.util.find_spec("spacy"):
    from spacy.language import Language

    Language.factory("ctl", default_config=SETTINGS, assigns=["doc.ents"], func=make_component)
