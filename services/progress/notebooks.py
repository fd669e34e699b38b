import asyncio
import json
from collections.abc import Callable
from datetime import datetime

from pydantic import JsonValue, TypeAdapter

from services.contracts.progress import SavedNotebook, SavedSummary
from services.kit.database import Database
from services.kit.objects import ObjectStore
from services.progress.errors import NotebookInvalid, NotebookNotFound, NotebookTooLarge
from services.progress.models import NotebookRow
from services.progress.repository import NotebookRepository, Owner, unreferenced
from services.progress.settings import ProgressSettings
from services.progress.thinning import to_drop

_CONTENT = "what saved notebooks point to"
_NOTEBOOK: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Notebooks:
    """Saved states of learners' notebooks, addressed by their content.

    Digest and moment are made here: what a sender claims about either decides nothing.
    """

    def __init__(
        self, db: Database, objects: ObjectStore, settings: ProgressSettings, clock: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._objects = objects
        self._settings = settings
        self._clock = clock

    async def save(self, owner: Owner, notebook: SavedNotebook) -> SavedSummary:
        """Keep this state, unless it equals the newest. Raises NotebookTooLarge, NotebookInvalid."""
        # A notebook full of pictures takes a while to write down; the other services share this event loop.
        content = await asyncio.to_thread(self._content, notebook.notebook)
        stored = await self._objects.put(content)
        async with self._db.write(brief=True) as session:
            states = NotebookRepository(session, owner)
            newest = await states.newest()
            if newest is not None and newest.digest == stored:
                return _summary(newest)
            kept = NotebookRow(
                learner=owner.user, case_id=owner.case, digest=stored, size=len(content), saved=self._clock()
            )
            await states.add(kept)
            summary = _summary(kept)
            dropped = await self._thin(states)
            # `_forget` may have dropped an equal object since it was put; from here on it cannot.
            await self._db.hold(session, _CONTENT, beside=True)
            if not await self._objects.exists(stored):
                await self._objects.put(content)
        await self._forget(dropped)
        return summary

    async def saved(self, owner: Owner) -> tuple[SavedSummary, ...]:
        """All kept states, newest first."""
        async with self._db.read(brief=True) as session:
            rows = await NotebookRepository(session, owner).all()
            return tuple(_summary(row) for row in reversed(rows))

    async def get(self, owner: Owner, digest: str) -> SavedNotebook:
        """One kept state of the owner's own. Raises NotebookNotFound."""
        async with self._db.read(brief=True) as session:
            row = await NotebookRepository(session, owner).by_digest(digest)
        if row is None:
            raise NotebookNotFound(
                f"There is no saved notebook {digest[:12]}… of yours in this case; it may have been thinned out. "
                "Load the list again and choose one from it."
            )
        return await self._read(row)

    async def newest(self, owner: Owner) -> SavedNotebook | None:
        """The state kept last, or None."""
        async with self._db.read(brief=True) as session:
            row = await NotebookRepository(session, owner).newest()
        return None if row is None else await self._read(row)

    async def _read(self, row: NotebookRow) -> SavedNotebook:
        notebook = _NOTEBOOK.validate_json(await self._objects.get(row.digest))
        return SavedNotebook(saved=row.saved, digest=row.digest, notebook=notebook)

    def _content(self, notebook: dict[str, JsonValue]) -> bytes:
        try:
            text = json.dumps(notebook, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            content = text.encode()
        except (ValueError, RecursionError) as error:
            raise NotebookInvalid(
                f"The notebook cannot be written down as JSON ({type(error).__name__}: {error}). "
                "Clear the output of the cell that made it and save again."
            ) from error
        if len(content) > self._settings.notebook_bytes:
            raise NotebookTooLarge(
                f"The notebook is {len(content) / 1e6:.1f} MB; at most {self._settings.notebook_bytes / 1e6:.1f} MB "
                "can be kept. Clear large outputs (Edit → Clear Outputs of All Cells) and save again."
            )
        return content

    async def _thin(self, states: NotebookRepository) -> set[str]:
        kept = await states.kept()
        drop = set(to_drop([state for state, _ in kept], self._clock(), self._settings.notebook_budget))
        if drop:
            await states.drop(drop)
        return {digest for state, digest in kept if state.key in drop}

    async def _forget(self, digests: set[str]) -> None:
        """Delete content that nobody points to any more.

        In a transaction of its own, after the rows are gone for good: killed in between, content is left over, never
        missing. Nobody records a row for this content meanwhile.
        """
        if not digests:
            return
        async with self._db.write() as session:
            await self._db.hold(session, _CONTENT)
            for digest in await unreferenced(session, digests):
                await self._objects.delete(digest)


def _summary(row: NotebookRow) -> SavedSummary:
    return SavedSummary(saved=row.saved, digest=row.digest, size=row.size)
