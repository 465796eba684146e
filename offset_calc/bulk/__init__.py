"""Activity files of millions of rows: the same factors and rules as the calculators, computed by an SQL engine."""

from offset_calc.bulk.result import BulkRefused, BulkResult, Group
from offset_calc.bulk.run import run_bulk

__all__ = ["BulkRefused", "BulkResult", "Group", "run_bulk"]
