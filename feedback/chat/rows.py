"""Rows of the database and what is said on the wire, one made from the other."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from pydantic import TypeAdapter

from feedback.chat.models import ConversationRow, MessageRow
from feedback.chat.repository import Owner
from services.contracts.assistance import WordsBy
from services.contracts.chat import Cited, Intent, Message
from services.contracts.feedback import Feedback

_CITED = TypeAdapter(tuple[Cited, ...])
_TEXTS = TypeAdapter(tuple[str, ...])


def new_conversation(owner: Owner, now: datetime) -> ConversationRow:
    """A conversation in which nothing was said."""
    return ConversationRow(
        id=secrets.token_hex(16),
        learner=owner.learner,
        case_id=owner.case,
        subtask=owner.subtask,
        started=now,
        last=now,
        summary="",
        window=0,
        base_code="",
        base_facts="",
        bridge="",
        code="",
        facts="",
        attached=0,
    )


def answer_row(
    conversation: str, question: str, answer: Message, prompted: str, withdrawn: str | None = None
) -> MessageRow:
    """The row of an answer to that question. `withdrawn`: what a model had said in its place, and was seen."""
    return MessageRow(
        id=answer.id,
        conversation=conversation,
        role="assistant",
        text=answer.text,
        prompted=prompted,
        sent=answer.sent,
        answers=question,
        counted=False,
        words_by=answer.words_by,
        cites=_CITED.dump_json(answer.cites).decode(),
        follow_ups=_TEXTS.dump_json(answer.follow_ups).decode(),
        truncated=answer.truncated,
        withdrawn=withdrawn,
    )


def message(row: MessageRow) -> Message:
    """The message as its learner may read it."""
    return Message(
        id=row.id,
        role="learner" if row.role == "learner" else "assistant",
        text=row.text,
        sent=row.sent,
        intent=cast("Intent | None", row.intent),
        words_by=cast("WordsBy | None", row.words_by),
        cites=_CITED.validate_json(row.cites or "[]"),
        follow_ups=_TEXTS.validate_json(row.follow_ups or "[]"),
        truncated=row.truncated,
    )


def paired(rows: Sequence[MessageRow]) -> list[MessageRow]:
    """Each answer behind its question, whichever was written down first."""
    place = {row.id: row.seq for row in rows}
    return sorted(rows, key=lambda row: (place.get(row.answers or "", row.seq), row.seq))


def judged(row: ConversationRow) -> tuple[str, Feedback] | None:
    """Digest of the code that the conversation knows the verdict on, and the verdict."""
    if row.judged is None or row.feedback is None:
        return None
    return row.judged, Feedback.model_validate_json(row.feedback)


def typed(rows: Sequence[MessageRow]) -> list[str]:
    """What the learner has written, oldest first."""
    written = [(row.text, row.reasoning) for row in rows if row.role == "learner"]
    return [text for both in written for text in both if text]
