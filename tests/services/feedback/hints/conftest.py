from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.databases import DatabaseUrl
from tests.services.feedback.hints import hint_bench
from tests.services.feedback.hints.hint_bench import HintBench, Listening, model_of, open_bench

OpenBench = Callable[..., HintBench]


@pytest.fixture
async def opened(tmp_path: Path, databases: DatabaseUrl, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenBench]:
    """Opens benches over the same tables, as several processes would; the model is the helpful one unless given."""
    monkeypatch.setattr(hint_bench, "database_url", lambda folder: databases("feedback", folder / "feedback.sqlite"))
    benches: list[HintBench] = []

    def bench(*cases: object, model: Listening | str | None = "helpful", **settings: object) -> HintBench:
        chosen = model_of({}) if isinstance(model, str) else model
        benches.append(open_bench(tmp_path, chosen, *cases, **settings))  # type: ignore[arg-type]
        return benches[-1]

    yield bench
    for one in benches:
        await one.db.close()


@pytest.fixture
async def bench(opened: OpenBench) -> HintBench:
    """One bench, for learners who have agreed."""
    one = opened()
    await one.consent("ada", "bob")
    return one
