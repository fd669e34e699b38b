from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy import case as case_of
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.feedback import Feedback
from services.contracts.notebook import Cell
from services.mentoring.models import ContentRow, EscalationRow, RememberedRow, SampleRow, ShowingRow
from services.mentoring.rows import CELLS

_MOST = 200
_SIMILAR = 5
_KIND_AND_SUBJECT = 3
"""Parts of a signature up to and with what the mistake is about."""
_ORIGIN = EscalationRow.id == RememberedRow.origin
_waits = case_of((and_(RememberedRow.set_aside.is_not(None), RememberedRow.withdrawn.is_(None)), 1), else_=0)
"""Whether an entry is given to nobody until a mentor has looked at it."""


@dataclass(frozen=True)
class RegressionSample:
    """A program that a mentor's answer was given for: evaluation asks whether it would be given again."""

    seq: int
    entry: str
    case: str
    case_version: str
    subtask: str
    signature: str
    cells: tuple[Cell, ...]
    words: str
    """As they were given first."""
    made: datetime
    withdrawn: bool
    """Whether the answer has been withdrawn since."""
    set_aside: bool
    """Whether it is given to nobody, because it did not help several learners in a row."""
    text: str
    """The answer as it stands now."""
    mentor: str
    """Who stood by it last."""
    learner: str
    """Whose program it is: to be left behind by whoever makes something of it."""
    feedback: Feedback
    """What the learner had been told. No finding need have `signature`: it may be that of the program's repair."""


@dataclass(frozen=True)
class Sought:
    """Which remembered answers are asked for."""

    case: str | None = None
    subtask: str | None = None
    words: str = ""
    """These stand in the answer, in its signature or in the headline of the question that it answered first."""


class Memory:
    """Remembered answers, of one case or all."""

    def __init__(self, session: AsyncSession, case: str | None) -> None:
        self._session, self._case = session, case

    async def one(self, entry: str) -> RememberedRow | None:
        """One entry, locked until the transaction ends where the database locks rows."""
        query = select(RememberedRow).where(RememberedRow.id == entry)
        if self._case is not None:
            query = query.where(RememberedRow.case_id == self._case)
        locked = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.scalars(locked)).one_or_none()

    async def page(
        self, sought: Sought, after: tuple[int, int] | None, limit: int
    ) -> tuple[Sequence[RememberedRow], int]:
        """(entries after that place, how many there are): those that wait for a mentor first, then the newest."""
        wanted = self._wanted(sought)
        counted = select(func.count()).select_from(RememberedRow).outerjoin(EscalationRow, _ORIGIN).where(*wanted)
        query = select(RememberedRow).outerjoin(EscalationRow, _ORIGIN).where(*wanted)
        if after is not None:
            place, seq = after
            query = query.where(or_(_waits < place, and_(_waits == place, RememberedRow.seq < seq)))
        rows = await self._session.scalars(query.order_by(_waits.desc(), RememberedRow.seq.desc()).limit(limit))
        return rows.all(), await self._session.scalar(counted) or 0

    async def similar(self, case: str, subtask: str, signature: str) -> Sequence[RememberedRow]:
        """Entries in force for a mistake of the same kind: those about the same thing first, then those that helped.

        A signature begins with the step, the kind of evidence and what it is about.
        """
        parts = signature.split("|")
        if len(parts) < _KIND_AND_SUBJECT + 1:
            return ()
        kind, subject = ("|".join([*parts[:length], ""]) for length in (_KIND_AND_SUBJECT - 1, _KIND_AND_SUBJECT))
        same_subject = case_of((RememberedRow.signature.startswith(subject, autoescape=True), 1), else_=0)
        query = select(RememberedRow).where(
            RememberedRow.case_id == case,
            RememberedRow.subtask == subtask,
            RememberedRow.signature.startswith(kind, autoescape=True),
            RememberedRow.signature != signature,
            RememberedRow.withdrawn.is_(None),
            RememberedRow.set_aside.is_(None),
        )
        useful = RememberedRow.helpful - RememberedRow.unhelpful
        order = (same_subject.desc(), useful.desc(), RememberedRow.seq.desc())
        return (await self._session.scalars(query.order_by(*order).limit(_SIMILAR))).all()

    def _wanted(self, sought: Sought) -> list[ColumnElement[bool]]:
        wanted = [RememberedRow.case_id == case for case in (self._case, sought.case) if case is not None]
        if sought.subtask is not None:
            wanted.append(RememberedRow.subtask == sought.subtask)
        if words := sought.words.strip():
            columns = (RememberedRow.text, RememberedRow.signature, EscalationRow.headline)
            wanted.append(or_(*(column.icontains(words, autoescape=True) for column in columns)))
        return wanted

    async def of_signature(self, case: str, subtask: str, signature: str) -> Sequence[RememberedRow]:
        """Entries that are not withdrawn, newest first."""
        query = select(RememberedRow).where(
            RememberedRow.case_id == case,
            RememberedRow.subtask == subtask,
            RememberedRow.signature == signature,
            RememberedRow.withdrawn.is_(None),
        )
        return (await self._session.scalars(query.order_by(RememberedRow.seq.desc()))).all()

    async def given(
        self, case: str, version: str, subtask: str, signatures: Collection[str]
    ) -> dict[str, RememberedRow]:
        """Signature -> the entry that a learner of the version gets: the version's own before one for all."""
        query = select(RememberedRow).where(*_in_force(case, version, subtask), RememberedRow.signature.in_(signatures))
        rows = (await self._session.scalars(query)).all()
        return {row.signature: row for row in sorted(rows, key=lambda row: row.case_version is not None)}

    async def any_given(self, case: str, version: str, subtask: str) -> bool:
        """Whether any entry at all would be given to learners of the version at that step."""
        query = select(RememberedRow.id).where(*_in_force(case, version, subtask)).limit(1)
        return (await self._session.scalars(query)).first() is not None

    async def count_shown(self, entries: Collection[RememberedRow], learner: str, case: str, now: datetime) -> None:
        """Note that the learner got these."""
        ids = [row.id for row in entries]
        again = (
            update(ShowingRow)
            .where(ShowingRow.entry.in_(ids), ShowingRow.learner == learner)
            .values(times=ShowingRow.times + 1)
            .returning(ShowingRow.entry)
        )
        known = set((await self._session.scalars(again)).all())
        self._session.add_all(
            ShowingRow(entry=id_, learner=learner, case_id=case, first=now, times=1) for id_ in ids if id_ not in known
        )
        await self._session.execute(
            update(RememberedRow).where(RememberedRow.id.in_(ids)).values(shown=RememberedRow.shown + 1)
        )

    async def showing(self, entry: str, learner: str, case: str) -> ShowingRow | None:
        """That the learner got the entry."""
        query = select(ShowingRow).where(
            ShowingRow.entry == entry, ShowingRow.learner == learner, ShowingRow.case_id == case
        )
        return (await self._session.scalars(query.with_for_update())).one_or_none()

    async def newest_ratings(self, entry: str, since: datetime, limit: int) -> Sequence[bool]:
        """What the last learners said who rated it since, newest first."""
        query = select(ShowingRow.helpful).where(
            ShowingRow.entry == entry, ShowingRow.rated >= since, ShowingRow.helpful.is_not(None)
        )
        newest = await self._session.scalars(
            query.order_by(ShowingRow.rated.desc(), ShowingRow.seq.desc()).limit(limit)
        )
        return [bool(helpful) for helpful in newest]

    async def has_not_helped(self, entry: str, since: datetime) -> bool:
        """Whether anybody who rated it since says now that it did not help."""
        query = select(ShowingRow.seq).where(
            ShowingRow.entry == entry, ShowingRow.rated >= since, ShowingRow.helpful.is_(False)
        )
        return (await self._session.scalars(query.limit(1))).one_or_none() is not None

    async def unhelpful_to(self, learner: str, case: str) -> Sequence[str]:
        """The versions of a learner to which an answer did not help, newest first."""
        query = select(ShowingRow.submission).where(
            ShowingRow.learner == learner,
            ShowingRow.case_id == case,
            ShowingRow.helpful.is_(False),
            ShowingRow.submission.is_not(None),
        )
        found = await self._session.scalars(query.order_by(ShowingRow.rated.desc()).limit(_MOST))
        return [submission for submission in found if submission is not None]

    async def samples(self, after: int = 0, limit: int = 500) -> Sequence[RegressionSample]:
        """Regression samples in the order they were made, those after that `seq`."""
        query = (
            select(SampleRow, RememberedRow, EscalationRow.learner, ContentRow.feedback)
            .join(RememberedRow, RememberedRow.id == SampleRow.entry)
            .join(EscalationRow, EscalationRow.id == SampleRow.escalation)
            .join(ContentRow, ContentRow.escalation == SampleRow.escalation)
        )
        if self._case is not None:
            query = query.where(SampleRow.case_id == self._case)
        rows = await self._session.execute(query.where(SampleRow.seq > after).order_by(SampleRow.seq).limit(limit))
        return [_sample(*row) for row in rows]


def _sample(row: SampleRow, entry: RememberedRow, learner: str, feedback: str) -> RegressionSample:
    return RegressionSample(
        seq=row.seq,
        entry=row.entry,
        case=row.case_id,
        case_version=row.case_version,
        subtask=row.subtask,
        signature=row.signature,
        cells=CELLS.validate_json(row.cells),
        words=row.words,
        made=row.made,
        withdrawn=entry.withdrawn is not None,
        set_aside=entry.set_aside is not None,
        text=entry.text,
        mentor=entry.mentor,
        learner=learner,
        feedback=Feedback.model_validate_json(feedback),
    )


def _in_force(case: str, version: str, subtask: str) -> tuple[ColumnElement[bool], ...]:
    """Entries that learners of the version get at that step."""
    return (
        RememberedRow.case_id == case,
        RememberedRow.subtask == subtask,
        RememberedRow.withdrawn.is_(None),
        RememberedRow.set_aside.is_(None),
        or_(RememberedRow.case_version.is_(None), RememberedRow.case_version == version),
    )
