"""What is shown of long work: a line that moves on a terminal, or a line a stage where nobody looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Stage(Protocol):
    """One stage of the work."""

    def step(self, size: int = 0) -> None:
        """One more thing is done, of so many bytes."""
        ...


class Shown:
    """Shows stages on a console, which is stderr of a command."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, what: str, total: int | None = None) -> Iterator[Stage]:
        """Show a stage; `total`: how many things, where it is known."""
        if not self._console.is_terminal:
            counted = _Counted()
            yield counted
            self._console.print(f"{what}: {counted}", markup=False, highlight=False, soft_wrap=True)
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            yield _Moving(progress, progress.add_task(what, total=total, said=""))


class _Counted:
    def __init__(self) -> None:
        self.things = self.bytes = 0

    def step(self, size: int = 0) -> None:
        self.things += 1
        self.bytes += size

    def __str__(self) -> str:
        return f"{self.things:,}, {self.bytes / 1e6:,.1f} MB"


class _Moving(_Counted):
    def __init__(self, progress: Progress, task: TaskID) -> None:
        super().__init__()
        self._progress, self._task = progress, task

    def step(self, size: int = 0) -> None:
        super().step(size)
        self._progress.update(self._task, advance=1, said=str(self))
