"""LightningModules, one role a file. YAML names them by class: ``class_path: Student``."""

from ctl.modules.ensemble import Ensemble
from ctl.modules.language_id import LanguageIdentifier
from ctl.modules.student import Student
from ctl.modules.teacher import Teacher

__all__ = ["Ensemble", "LanguageIdentifier", "Student", "Teacher"]
