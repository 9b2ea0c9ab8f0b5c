"""The stages that try weightings on the sources alone: each source in turn plays the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctl.methods import Method
from ctl.results import LEFT_OUT
from ctl.transfer.planner import Planner
from ctl.transfer.stage import Stage
from ctl.transfer.weighing import Weighing

OF_TEACHERS = ("adapted", "calibrated")  # options of a mixture that change what its teachers say


@dataclass(frozen=True)
class LeftOut:
    """Plans the trial of weightings on the sources.

    K teachers label the validation splits of the K - 1 other sources, one stage a teacher, and every source is weighed
    for once by the others. That is cheap beside training, but with K sources it is K readings of K - 1 splits and K
    small language identifiers, so nobody pays for it who did not ask.

    Attributes:
        planner: makes the stages.
        backbone: the encoder that weighs sources.
        before: the stages that make it.
        teachers: the stages that train teachers, by family and source.
        method: the mixture of these teachers.
    """

    planner: Planner
    backbone: str
    before: tuple[Stage, ...]
    teachers: Mapping[tuple[str, str], Stage]
    method: Method

    @staticmethod
    def folder_of(method: Method) -> str:
        """The folder of a trial, below the run's; it depends on the teachers alone."""
        name = "+".join([method.family, *(option for option in method.options if option in OF_TEACHERS)]).strip("+")
        return f"left_out/{name}"

    def trial(self) -> Stage:
        """The stage that writes the table, ``leave_one_out.json``."""
        sources = list(self.planner.settings.sources)
        labels = [self._labels(family, source) for family, source in self.teachers]
        weighed = {source: self._weighed(source) for source in sources}
        return self.planner.add(
            title="try the weightings on the sources",
            folder=self.folder_of(self.method),
            command="predict",
            model={
                "class_path": "LeaveOneOut",
                "init_args": {
                    "teachers": [str(stage.folder) for stage in labels],
                    "weights": {source: [str(stage.output) for stage in stages] for source, stages in weighed.items()},
                },
            },
            data={"sources": sources, "predict_splits": [f"{source}/validation" for source in sources]},
            outputs=(LEFT_OUT,),
            after=(*labels, *(stage for stages in weighed.values() for stage in stages)),
            work=0.5 * sum(self.planner.count(source, "validation") for source in sources),
        )

    def _labels(self, family: str, source: str) -> Stage:
        """The soft labels of one teacher, for the validation splits of all other sources."""
        teacher, others = self.teachers[family, source], self._others(source)
        calibrated = "calibrated" in self.method.options
        model = teacher.config["model"]
        splits = [f"{other}/validation" for other in others]
        return self.planner.add(
            title=f"{'calibrated ' if calibrated else ''}{'LLM ' if family else ''}teacher of {source} labels "
            f"the other sources",
            folder=self.planner.home(self.folder_of(self.method)) / "teachers" / family / source,
            command="predict",
            model={**model, "init_args": {**model["init_args"], "calibrate": calibrated}},
            data={**teacher.config["data"], "predict_splits": splits},
            checkpoint=teacher.output,
            outputs=tuple(f"soft_labels/{split}/manifest.json" for split in splits),
            after=(teacher,),
            work=sum(self.planner.count(other, "validation") for other in others),
        )

    def _weighed(self, source: str) -> list[Stage]:
        """The stages that weigh the other sources for one, by each kind of similarity."""
        folder = self.planner.home("left_out") / "sources" / source
        weighing = Weighing(self.planner, self.backbone, self.before, self._others(source), source, folder)
        return [weighing.weights("learned"), weighing.weights("nearest")]

    def _others(self, source: str) -> list[str]:
        return [other for other in self.planner.settings.sources if other != source]
