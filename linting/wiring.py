from pathlib import Path

from linting.service import ReviewService
from linting.tools.mypy import Mypy
from linting.tools.ruff import Ruff
from linting.tools.static import Bandit, Smells, Vulture
from linting.tools.worker import Worker


def build_service(home: Path) -> ReviewService:
    """Put the tools together. `home` keeps mypy's cache of the libraries' stubs between runs.

    Two workers: one parses (the joining itself, bandit, vulture, our rules), one holds mypy. Each starts with the first
    review that needs it.
    """
    empty = home / "linting" / "empty"
    static, types = Worker(empty), Worker(empty)
    tools = (Ruff(empty), Mypy(types, home / "linting" / "mypy"), Bandit(static), Vulture(static), Smells(static))
    return ReviewService(tools, parser=static, workers=(static, types))
