"""LightningModules, one role a file. YAML names them by class: ``class_path: Student``."""

from ctl.modules.adaptation import Adaptation
from ctl.modules.adversary import Adversary
from ctl.modules.baselines.few_shot import FewShot
from ctl.modules.baselines.merged import Merged
from ctl.modules.baselines.supervised import Supervised
from ctl.modules.ensemble import Ensemble
from ctl.modules.generative_teacher import GenerativeTeacher
from ctl.modules.neighbours import Neighbours
from ctl.modules.ready.imported import Imported
from ctl.modules.ready.ready_made import ReadyMade
from ctl.modules.remote_teacher import RemoteTeacher
from ctl.modules.student import Student
from ctl.modules.teacher import Teacher
from ctl.modules.weights.few_ranking import FewRanking
from ctl.modules.weights.language_identifier import LanguageIdentifier
from ctl.modules.weights.leave_one_out import LeaveOneOut
from ctl.modules.weights.nearest import NearestLanguages

__all__ = [
    "Adaptation",
    "Adversary",
    "Ensemble",
    "FewRanking",
    "FewShot",
    "GenerativeTeacher",
    "Imported",
    "LanguageIdentifier",
    "LeaveOneOut",
    "Merged",
    "NearestLanguages",
    "Neighbours",
    "ReadyMade",
    "RemoteTeacher",
    "Student",
    "Supervised",
    "Teacher",
]
