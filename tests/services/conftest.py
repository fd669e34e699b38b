from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.databases import DatabaseUrl, open_databases

Statements = Callable[[], AbstractContextManager[list[str]]]
_COUNTED: ContextVar[bool] = ContextVar("counted", default=False)


@pytest.fixture
def statements() -> Statements:
    """Collect what databases are asked by the calls in a block, and not by the jobs of a service beside them."""

    @contextmanager
    def collected() -> Iterator[list[str]]:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if _COUNTED.get() and not statement.startswith(("PRAGMA", "BEGIN")):
                asked.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        token = _COUNTED.set(True)
        try:
            yield asked
        finally:
            _COUNTED.reset(token)
            event.remove(Engine, "before_cursor_execute", note)

    return collected


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[DatabaseUrl]:
    """Where services find their databases: SQLite's, unless the file says `ON_BOTH`."""
    kind = getattr(request, "param", "sqlite")
    with open_databases(kind, lambda: request.getfixturevalue("postgres")) as url:
        yield url
