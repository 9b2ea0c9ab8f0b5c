"""The methods that a transfer scores, by name: ``direct:en``, ``pooled``, ``ensemble:learned``, ``student:learned``.

``llm-`` before a name stands for teachers that are decoders; ``mixed-`` for an encoder and a decoder of each language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ctl.errors import CTLError

IDENTIFIED = ("learned", "cosine", "l1", "l2")  # by the features of sentences
VOTED = ("nearest",)  # by the neighbours of words
SIMILARITIES = (*IDENTIFIED, *VOTED)
FEW = "few"  # a model, a weighting and an option that see a few labelled sentences of the target
WEIGHTINGS = ("uniform", *SIMILARITIES, "agreement", "truth", "fixed", FEW)
UNEQUAL = tuple(weighting for weighting in WEIGHTINGS if weighting != "uniform")  # some sources weigh more than others
FITTED = (*SIMILARITIES, "agreement")  # with a sharpness that can be fitted on the sources
TOPS = {f"top{count}": count for count in range(1, 6)}
AVERAGED = (
    "uniform",
    *SIMILARITIES,
    "fixed",
)  # weightings that need no soft labels, so that weights of models can follow
KINDS = ("direct", "pooled", "ensemble", "student", "merged", "seeds", "supervised", FEW)
OF_LANGUAGE, OF_NOTHING = ("direct", "seeds"), ("pooled", "supervised", FEW)  # others are of a weighting
FAMILIES = {"": KINDS, "llm": KINDS, "mixed": ("ensemble", "student")}
PER_SENTENCE = "-sentence"
POOLED = "pooled"  # in place of a weighting: the pooled model is the one teacher of its family
SEEDS = "seeds"  # in place of a weighting: the teachers are of one language and of several seeds
SUPERVISED = "supervised"
OF_TARGET = (SUPERVISED, FEW)  # methods of labels of the target alone, which need no source

NOTHING_TO_ABSTAIN = "`truth` learns by itself which types a teacher never names: leave +abstain out"


@dataclass(frozen=True)
class Option:
    """Something that a method's name may add.

    Attributes:
        help: what it does.
        kinds: the methods that it changes.
        student: init args of the student.
        data: settings of the student's data.
    """

    help: str
    kinds: tuple[str, ...] = ("student",)
    student: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


OPTIONS = {
    "adapted": Option("every model starts from a backbone that first reads raw target text", KINDS),
    "equal": Option("as many labelled sentences in all as the smallest source has, drawn evenly", ("pooled",)),
    "calibrated": Option("teachers answer at the temperature that fits source validation", ("ensemble", "student")),
    "joint": Option(
        "the pooled model is one teacher more, with the mean weight of the others", ("ensemble", "student")
    ),
    "abstain": Option("a source that lacks a type abstains on it, and does not call it O", ("ensemble", "student")),
    "replace": Option("where all teachers agree, their tag has probability one", ("ensemble", "student")),
    "sharp": Option("weights as sharp as fits the sources, each in turn the target", ("ensemble", "student")),
    **{top: Option(f"only the {count} heaviest sources", ("ensemble", "student")) for top, count in TOPS.items()},
    "unanimous": Option("a second loss where all teachers agree", student={"unanimous_weight": 1.0}),
    "kl": Option("Kullback-Leibler divergence, not squared error", student={"loss": "kl"}),
    "ce": Option("cross-entropy with soft labels", student={"loss": "cross_entropy"}),
    "hard": Option("cross-entropy with the most probable tags", student={"loss": "hard"}),
    "filter": Option("only words of whose tag the teachers are sure", data={"filter": "confidence"}),
    "entropy": Option("the same, sure by entropy", data={"filter": "entropy"}),
    "advpicker": Option("only sentences that a discriminator picks"),
    "knn": Option("soft labels weighed by those of the words' neighbours"),
    "rounds2": Option("a student of the student"),
    "rounds3": Option("a student of the student's student"),
    FEW: Option("goes on from the zero-shot student with a few labelled sentences of the target"),
}


@dataclass(frozen=True)
class Method:
    """A method that is scored, by the parts of its name.

    Attributes:
        kind: one of `KINDS`; what was made by hand may have another, ``prompted`` say.
        of: the language of a direct teacher, or of several seeds; the weighting of an ensemble, a student (or
            ``pooled``) or a merged model.
        options: what is added, in the order of `OPTIONS`.
        family: whose the teachers are, one of `FAMILIES`: encoders, decoders (``llm``), or both (``mixed``).
    """

    kind: str
    of: str = ""
    options: tuple[str, ...] = ()
    family: str = ""

    @classmethod
    def split(cls, name: str) -> Method:
        """Takes any name apart, one that `parse` would refuse too: ``str`` of it gives the name again."""
        head, *options = name.split("+")
        whole, _, of = head.partition(":")
        family, _, kind = whole.rpartition("-")
        if not family or family not in FAMILIES:
            family, kind = "", whole
        return cls(kind, of, tuple(options), family)

    @classmethod
    def parse(cls, name: str) -> Method:
        """Reads a name.

        Raises:
            CTLError: there is no such method.
        """
        method = cls.split(name)
        kind, of = method.kind, method.of
        if kind not in FAMILIES[method.family] or bool(of) == (kind in OF_NOTHING):
            there_are = (
                "direct, direct:LANGUAGE, pooled, ensemble:WEIGHTING, student:WEIGHTING, merged:WEIGHTING, "
                "seeds:LANGUAGE, supervised, few, with llm- or mixed-"
            )
            raise CTLError(f"unknown method {name}: there are {there_are}")
        if kind == "ensemble" and of == POOLED and method.family != "mixed":
            raise CTLError(f"unknown method {name}: one model is no mixture; name {method.rival(POOLED)}")
        weighting = of if kind == "merged" else method.weighting  # weights of models can't follow sentences
        if kind not in (*OF_LANGUAGE, *OF_NOTHING) and weighting not in method.weightings:
            by_sentence = "" if kind == "merged" else f", and with {PER_SENTENCE} {' '.join(SIMILARITIES)}"
            raise CTLError(f"unknown method {name}: weightings are {' '.join(method.weightings)}{by_sentence}")
        known = [option for option in OPTIONS if kind in OPTIONS[option].kinds]
        if unknown := [option for option in method.options if option not in known]:
            raise CTLError(
                f"unknown method {name}: {kind} has no +{unknown[0]}, but {' '.join(f'+{k}' for k in known)}"
            )
        method._check_weights(name)
        if of == POOLED and "joint" in method.options:
            raise CTLError(f"unknown method {name}: +joint adds the pooled model to teachers of one language each")
        if of == POOLED and "abstain" in method.options:
            raise CTLError(f"unknown method {name}: the pooled model knows all sources: leave +abstain out")
        if method.weighting == "truth" and "abstain" in method.options:
            raise CTLError(f"method {name}: {NOTHING_TO_ABSTAIN}")
        return replace(method, options=tuple(option for option in known if option in method.options))

    def _check_weights(self, name: str) -> None:
        """Refuses options of weights that its weighting does not have."""
        tops = [option for option in self.options if option in TOPS]
        if len(tops) > 1:
            raise CTLError(f"method {name}: +{tops[0]} or +{tops[1]}? name one of them")
        if tops and self.weighting not in UNEQUAL:
            raise CTLError(f"method {name}: +{tops[0]} keeps the heaviest sources, but {self.of} weighs all alike")
        if self.sharp and (self.weighting not in FITTED or self.per_sentence):
            raise CTLError(f"method {name}: +sharp is for the weightings {' '.join(FITTED)}, of a whole language")

    def __str__(self) -> str:
        kind = f"{self.family}-{self.kind}" if self.family else self.kind
        return "+".join([f"{kind}:{self.of}" if self.of else kind, *self.options])

    @property
    def folder(self) -> str:
        """The name of its folder beside others of its kind."""
        of = f"{SEEDS}-{self.of}" if self.kind == SEEDS else self.of
        return "+".join([f"{self.family}-{of}" if self.family else of, *self.options])

    @property
    def teachers(self) -> tuple[str, ...]:
        """The families of its teachers for each language: encoders (empty), decoders (``llm``), or both."""
        return ("", "llm") if self.family == "mixed" else (self.family,)

    @property
    def weighting(self) -> str:
        """The weighting of an ensemble or a student, whether of all the text or of each sentence."""
        return self.of.removesuffix(PER_SENTENCE)

    @property
    def weightings(self) -> tuple[str, ...]:
        """The weightings that a method of its kind and family can have; one pooled model alone is no mixture."""
        if self.kind == "merged":
            return AVERAGED
        if self.per_sentence:
            return SIMILARITIES
        return (*WEIGHTINGS, POOLED) if self.kind == "student" or self.family == "mixed" else WEIGHTINGS

    @property
    def pools(self) -> bool:
        """Tells whether a pooled model is among its teachers."""
        return self.of == POOLED or "joint" in self.options

    @property
    def upper_bound(self) -> bool:
        """Tells whether gold tags of the target train it, which those of no other method do."""
        return self.kind == SUPERVISED

    @property
    def sees_few(self) -> bool:
        """Tells whether a few labelled sentences of the target train it, or weigh its sources."""
        return FEW in (self.kind, *self.options) or (self.kind in ("ensemble", "student") and self.weighting == FEW)

    @property
    def by_similarity(self) -> bool:
        """Tells whether its weights come from the similarity of languages."""
        return self.weighting in SIMILARITIES

    @property
    def per_sentence(self) -> bool:
        """Tells whether every sentence has its own weights."""
        return self.of.endswith(PER_SENTENCE)

    @property
    def top(self) -> int | None:
        """The number of sources that are kept, the heaviest; ``None`` for all."""
        return next((TOPS[option] for option in self.options if option in TOPS), None)

    @property
    def sharp(self) -> bool:
        """Tells whether its weights are as sharp as fits the sources."""
        return "sharp" in self.options

    @property
    def adapted(self) -> bool:
        """Tells whether its models start from a backbone that first reads raw target text."""
        return "adapted" in self.options

    @property
    def equal(self) -> bool:
        """Tells whether the pooled model has as many labelled sentences in all as one source."""
        return "equal" in self.options

    def ensemble(self) -> Method:
        """The mixture that a student learns from."""
        options = tuple(option for option in self.options if "ensemble" in OPTIONS[option].kinds)
        return replace(self, kind="ensemble", options=options)

    def rival(self, kind: str) -> Method:
        """The method of one model, ``direct`` or ``pooled``: of an LLM, where there is one among the teachers."""
        return Method(kind, family="llm" if self.family else "")

    def without(self, *options: str) -> Method:
        """Gives this method with some options left out."""
        return replace(self, options=tuple(option for option in self.options if option not in options))

    def before(self) -> Method | None:
        """The student that labels the text for this one, where there are rounds."""
        if "rounds3" in self.options:
            return self.without("rounds3").adding("rounds2")
        return self.without("rounds2") if "rounds2" in self.options else None

    def adding(self, option: str) -> Method:
        """Gives this method with one more option."""
        return replace(self, options=tuple(o for o in OPTIONS if o in (*self.options, option)))


PROMPTED = Method("prompted", family="llm")  # a language model that was asked, not trained


def expand_methods(
    methods: Sequence[str] | None,
    sources: Sequence[str],
    target: str,
    decoder: bool = False,
    labelled: Sequence[str] | None = None,
) -> list[Method]:
    """The methods to score: those that were named, or the basic ones.

    ``direct`` stands for ``direct:<lang>`` of every source, ``llm-direct`` likewise.

    Args:
        methods: names, or ``None``.
        sources: the labelled languages.
        target: the language to be tagged.
        decoder: there is one for teachers: the basic methods are then those of decoders too, among them
            ``llm-pooled``, what an ensemble of them must beat.
        labelled: languages that a teacher may be of, the cells of a study have more of them than sources.

    Raises:
        CTLError: a method, or the list of sources, can't be used.
    """
    if not sources or len(set(sources)) < len(sources):
        raise CTLError(f"sources {list(sources)}: name at least one language, and each once")
    if target in sources:
        raise CTLError(
            f"the target {target} is among the sources {list(sources)}: name other sources or another target"
        )
    if methods is not None and not methods:
        raise CTLError("methods []: name at least one, or leave it out for the basic ones")
    if methods is None:
        methods = _basic(len(sources) > 1) + (_basic_of_decoders(len(sources) > 1) if decoder else [])
    wanted: list[Method] = []
    for name in methods:
        method = Method.split(name)
        every = method.kind == "direct" and not method.of
        names = [str(replace(method, of=source)) for source in sources] if every else [name]
        wanted += map(Method.parse, names)
    for method in wanted:
        _check(method, sources, sources if labelled is None else labelled, decoder)
    return list(dict.fromkeys(wanted))


def _check(method: Method, sources: Sequence[str], labelled: Sequence[str], decoder: bool) -> None:
    """Refuses a method that these languages or the lack of a decoder do not allow."""
    if method.family and not decoder:
        raise CTLError(f"method {method} needs a decoder: set --llm_backbone to a causal language model")
    if method.kind in OF_LANGUAGE and method.of not in labelled:
        raise CTLError(f"unknown method {method}: {method.of} is not among the sources {list(labelled)}")
    several = method.by_similarity or method.pools or method.kind in ("pooled", "merged", SEEDS)
    several = several or "abstain" in method.options
    if several and len(sources) == 1:
        raise CTLError(f"method {method} needs two or more sources, not {list(sources)} alone")
    if method.sharp and len(sources) < 3:
        raise CTLError(f"method {method} needs three or more sources, as one is left out, not {list(sources)}")


def _basic(several: bool) -> list[str]:
    if not several:
        return ["direct", "student:uniform"]
    weighted = [f"{kind}:{by}" for kind in ("ensemble", "student") for by in ("uniform", "learned", "learned+joint")]
    return ["direct", "pooled", *weighted, f"student:{POOLED}"]


def with_few(names: Sequence[str] | None, sources: int, decoder: bool = False) -> list[str]:
    """Gives names of methods and, where none of them sees a few labelled sentences, those that show what these bring.

    They are the model of these sentences alone, and the last student that goes on with them.
    """
    if names is None:
        names = _basic(sources > 1) + (_basic_of_decoders(sources > 1) if decoder else [])
    if any(Method.split(name).sees_few for name in names):
        return list(names)
    students = [name for name in names if Method.split(name).kind == "student"]
    return [*names, FEW, *(str(Method.split(name).adding(FEW)) for name in students[-1:])]


def _basic_of_decoders(several: bool) -> list[str]:
    if not several:
        return ["llm-direct", "llm-student:uniform"]
    weighted = [f"{family}-{kind}:learned" for family in ("llm", "mixed") for kind in ("ensemble", "student")]
    return ["llm-direct", "llm-pooled", *weighted, f"llm-student:{POOLED}", f"mixed-student:{POOLED}"]


METHODS_HELP = (
    "What to score: direct, direct:LANGUAGE, pooled, ensemble:WEIGHTING, student:WEIGHTING, and student:pooled, whose "
    "teacher is the pooled model; merged:WEIGHTING, one model of averaged weights; and the controls seeds:LANGUAGE, as "
    "many seeds of one source as there are sources, and supervised, an upper bound that learns from gold tags of the "
    "target; with --few also few, a model of these sentences alone; "
    f"by default {', '.join(_basic(several=True))}. Weightings: {' '.join(WEIGHTINGS)}; {' '.join(SIMILARITIES)} "
    f"also with {PER_SENTENCE}, each sentence weighed on its own. With --llm_backbone also "
    "llm-direct, llm-pooled, llm-ensemble:W, llm-student:W, and mixed-ensemble:W, mixed-student:W, where every "
    "language has a teacher of either kind. Options are added like "
    "student:learned+filter: " + "; ".join(f"+{name}: {option.help}" for name, option in OPTIONS.items()) + "."
)


def of_one_source(name: str) -> str:
    """Gives the name of a method where there is one source: mixtures and pooled models are its teacher there."""
    method = Method.split(name)
    if method.kind in ("pooled", "ensemble", "merged", SEEDS) and method.family != "mixed":
        options = tuple(option for option in method.options if option == "adapted")
        return str(Method("direct", method.of if method.kind == SEEDS else "", options, method.family))
    if method.kind not in ("ensemble", "student"):
        return name
    return str(replace(method.without("joint", "abstain", "sharp", *TOPS), of="uniform"))


def of_few_sources(name: str, count: int) -> str:
    """Gives the name of a method where there are few sources: of two, none can be left out, so nothing is fitted."""
    if count == 1:
        return of_one_source(name)
    return str(Method.split(name).without("sharp")) if count == 2 else name


def named(method: Method, variant: str | None) -> str:
    """The name of a method and its variant, ``student:learned+filter`` say."""
    return f"{method}+{variant}" if variant else str(method)


def label(name: str) -> str:
    """The name of a method as tables and figures show it: one that learned from gold tags of the target says so."""
    if Method.split(name).upper_bound:
        return f"{name} (upper bound: target's gold)"
    return f"{name} (sees a few target labels)" if Method.split(name).sees_few else name
