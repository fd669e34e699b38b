from pathlib import Path

from linting.service import ReviewService
from linting.tools.mypy import Mypy
from linting.tools.ruff import Ruff
from linting.tools.static import Bandit, Smells, Vulture
from linting.tools.worker import Worker


def build_service(home: Path) -> ReviewService:
    """Put the tools together. `home` keeps mypy's cache of the libraries' stubs between runs.

    Three workers, so that tools work beside each other: one joins cells and runs our rules, one holds bandit and
    vulture (which together take as long as our rules and ruff), one holds mypy and forks. Each starts with the first
    review that needs it.
    """
    empty = home / "linting" / "empty"
    static, security, types = Worker(empty), Worker(empty), Worker(empty, forks="mypy")
    tools = (Ruff(empty), Mypy(types, home / "linting" / "mypy"), Bandit(security), Vulture(security), Smells(static))
    return ReviewService(tools, parser=static, workers=(static, security, types))
