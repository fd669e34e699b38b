from typing import Annotated

from fastapi import Query

from services.contracts.case import Slug
from services.contracts.escalation import EditMemory, MemoryEntry, MemoryPage, Phrase, WritePhrase
from services.gateway.dashboard.admission import Asking, Desk, Hex32, api_router

router = api_router()


@router.get("/memory")
async def page(
    desk: Desk,
    mentor: Asking,
    case: Slug | None = None,
    subtask: Slug | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MemoryPage:
    """A part of the remembered answers; `after` continues where the last part ended."""
    return await desk.memory.page(mentor, case=case, subtask=subtask, q=q, after=after, limit=limit)


@router.put("/memory/{entry}")
async def edit(desk: Desk, mentor: Asking, entry: Hex32, body: EditMemory) -> MemoryEntry:
    """Change one."""
    return await desk.memory.edit(mentor, entry, body)


@router.delete("/memory/{entry}", status_code=204)
async def withdraw(desk: Desk, mentor: Asking, entry: Hex32) -> None:
    """Give one to nobody any more."""
    await desk.memory.withdraw(mentor, entry)


@router.get("/phrases")
async def phrases(desk: Desk, mentor: Asking) -> tuple[Phrase, ...]:
    """The mentor's own comment bank."""
    return await desk.memory.phrases(mentor)


@router.post("/phrases")
async def add_phrase(desk: Desk, mentor: Asking, body: WritePhrase) -> Phrase:
    """Put words into it."""
    return await desk.memory.add_phrase(mentor, body)


@router.delete("/phrases/{phrase}", status_code=204)
async def drop_phrase(desk: Desk, mentor: Asking, phrase: Hex32) -> None:
    """Take words out of it."""
    await desk.memory.drop_phrase(mentor, phrase)
