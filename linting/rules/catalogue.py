from linting.rules.chained_assignment import ChainedAssignment
from linting.rules.fit_before_split import FitBeforeSplit
from linting.rules.fit_on_test import FitOnTest
from linting.rules.hard_coded_path import HardCodedPath
from linting.rules.iterrows import Iterrows
from linting.rules.merge_without_keys import MergeWithoutKeys
from linting.rules.row_write import RowWrite
from linting.rules.rule import Rule
from linting.rules.unseeded_split import UnseededSplit

RULES: tuple[Rule, ...] = (
    Iterrows(),
    RowWrite(),
    ChainedAssignment(),
    FitBeforeSplit(),
    FitOnTest(),
    UnseededSplit(),
    HardCodedPath(),
    MergeWithoutKeys(),
)
"""Every rule of ours, by its code."""
