from linting.rules.accuracy_for_rare_class import AccuracyForRareClass
from linting.rules.chained_assignment import ChainedAssignment
from linting.rules.copy_warning_silenced import CopyWarningSilenced
from linting.rules.fit_before_cross_validation import FitBeforeCrossValidation
from linting.rules.fit_before_split import FitBeforeSplit
from linting.rules.fit_on_test import FitOnTest
from linting.rules.hard_coded_path import HardCodedPath
from linting.rules.inplace_on_selection import InplaceOnSelection
from linting.rules.inplace_result import InplaceResult
from linting.rules.iterrows import Iterrows
from linting.rules.label_metric_of_numbers import LabelMetricOfNumbers
from linting.rules.magic_threshold import MagicThreshold
from linting.rules.merge_without_keys import MergeWithoutKeys
from linting.rules.mismatched_parts import MismatchedParts
from linting.rules.numpy_result_thrown_away import NumpyResultThrownAway
from linting.rules.plot_without_labels import PlotWithoutLabels
from linting.rules.predict_without_fit import PredictWithoutFit
from linting.rules.ranking_metric_of_labels import RankingMetricOfLabels
from linting.rules.removed_pandas_argument import RemovedPandasArgument
from linting.rules.removed_pandas_name import RemovedPandasName
from linting.rules.removed_sklearn_argument import RemovedSklearnArgument
from linting.rules.removed_sklearn_name import RemovedSklearnName
from linting.rules.resample_before_split import ResampleBeforeSplit
from linting.rules.result_thrown_away import ResultThrownAway
from linting.rules.row_wise_apply import RowWiseApply
from linting.rules.row_write import RowWrite
from linting.rules.rule import Rule
from linting.rules.scored_on_training import ScoredOnTraining
from linting.rules.shuffled_time_series import ShuffledTimeSeries
from linting.rules.split_in_wrong_order import SplitInWrongOrder
from linting.rules.statistic_before_split import StatisticBeforeSplit
from linting.rules.swallowed_exception import SwallowedException
from linting.rules.swapped_metric_arguments import SwappedMetricArguments
from linting.rules.table_grown_in_loop import TableGrownInLoop
from linting.rules.target_in_features import TargetInFeatures
from linting.rules.test_not_transformed import TestNotTransformed
from linting.rules.test_rows_in_training import TestRowsInTraining
from linting.rules.unseeded_generator import UnseededGenerator
from linting.rules.unseeded_model import UnseededModel
from linting.rules.unseeded_random import UnseededRandom
from linting.rules.unseeded_sample import UnseededSample
from linting.rules.unseeded_split import UnseededSplit
from linting.rules.unseeded_torch import UnseededTorch
from linting.rules.unused_splitter import UnusedSplitter
from linting.rules.warnings_silenced import WarningsSilenced

RULES: tuple[Rule, ...] = (
    Iterrows(),
    RowWrite(),
    ChainedAssignment(),
    FitBeforeSplit(),
    FitOnTest(),
    UnseededSplit(),
    HardCodedPath(),
    MergeWithoutKeys(),
    ResampleBeforeSplit(),
    StatisticBeforeSplit(),
    TargetInFeatures(),
    TestRowsInTraining(),
    ScoredOnTraining(),
    UnusedSplitter(),
    ShuffledTimeSeries(),
    AccuracyForRareClass(),
    UnseededGenerator(),
    UnseededSample(),
    UnseededModel(),
    UnseededTorch(),
    UnseededRandom(),
    InplaceResult(),
    InplaceOnSelection(),
    ResultThrownAway(),
    NumpyResultThrownAway(),
    SwallowedException(),
    PlotWithoutLabels(),
    MagicThreshold(),
    TableGrownInLoop(),
    RemovedPandasName(),
    RemovedPandasArgument(),
    RemovedSklearnName(),
    RemovedSklearnArgument(),
    SwappedMetricArguments(),
    RankingMetricOfLabels(),
    LabelMetricOfNumbers(),
    TestNotTransformed(),
    PredictWithoutFit(),
    FitBeforeCrossValidation(),
    MismatchedParts(),
    SplitInWrongOrder(),
    RowWiseApply(),
    WarningsSilenced(),
    CopyWarningSilenced(),
)
"""Every rule of ours, by its code."""
