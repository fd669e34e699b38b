import contextlib
from datetime import datetime
from pathlib import Path

from evaluation.runs.store import HEADER, NoSuchRun, RunStore, RunUnreadable
from services.contracts.evaluation import RunHeading


class Headings:
    """Every run without its samples. A header names each sample of its run, so it is read once for each change."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._known: dict[str, tuple[tuple[int, int], RunHeading | None]] = {}

    def all(self) -> list[RunHeading]:
        """Every readable run, newest first; `accepted` and `judged` are for others to fill in. Call it on a thread."""
        known = {}
        for path in self._store.path.glob(f"*/{HEADER}"):
            with contextlib.suppress(FileNotFoundError):
                state = path.stat()
                seen = state.st_mtime_ns, state.st_size
                before = self._known.get(path.parent.name)
                known[path.parent.name] = before if before and before[0] == seen else (seen, self._read(path))
        self._known = known
        found = (heading for _, heading in known.values() if heading)
        return sorted(found, key=_newest, reverse=True)

    def _read(self, path: Path) -> RunHeading | None:
        try:
            header = self._store.header(path.parent.name)
        except (NoSuchRun, RunUnreadable):
            return None
        return RunHeading(
            id=header.id,
            suite=header.suite,
            started=header.started,
            ended=header.ended,
            samples=len(header.order),
            accepted=False,
            judged=False,
        )


def _newest(heading: RunHeading) -> tuple[datetime, str]:
    return heading.started, heading.id
