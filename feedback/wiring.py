from pathlib import Path

from feedback.adapters.baselines_directory import DirectoryBaselineCache
from feedback.author_cases import KeptAuthorCases
from feedback.baseline import Baselines
from feedback.pipeline import Checker
from feedback.ports import AuthorCases, Runs
from feedback.service import FeedbackService
from feedback.settings import FeedbackSettings
from feedback.words.rules import RuleWords


def build_checker(runs: Runs, baselines: Path, settings: FeedbackSettings | None = None) -> Checker:
    """The pipeline alone, as `caseloop grade` uses it. `baselines`: folder for what references showed."""
    settings = settings or FeedbackSettings()
    kept = Baselines(runs, DirectoryBaselineCache(baselines), settings.baselines)
    return Checker(runs, kept, RuleWords())


def build_service(
    runs: Runs, cases: AuthorCases, baselines: Path, settings: FeedbackSettings | None = None
) -> FeedbackService:
    """The service on a runner and a case service; both may be typed clients."""
    settings = settings or FeedbackSettings()
    return FeedbackService(KeptAuthorCases(cases, settings.author_cases), build_checker(runs, baselines, settings))
