"""Footprints that can be checked: activity data in, grams of CO2e with factor, source, method and data quality out.

Pure library: no web, no database, no money, and only the standard library at import.  README.md lists the public names.
"""

from offset_calc.calculators import by_type, event
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.documents import from_dict
from offset_calc.errors import FieldProblem, InputsRefused, OffsetCalcError
from offset_calc.factors import Factor, FactorSet
from offset_calc.footprint import Footprint
from offset_calc.lines import Line, Term
from offset_calc.quantities import Grams, Rounding
from offset_calc.replay import replay

__all__ = [
    "Category",
    "Factor",
    "FactorSet",
    "Field",
    "FieldProblem",
    "Footprint",
    "Grade",
    "Grams",
    "InputsRefused",
    "Kind",
    "Line",
    "Method",
    "OffsetCalcError",
    "Question",
    "Requirement",
    "Rounding",
    "Term",
    "by_type",
    "event",
    "from_dict",
    "replay",
]
