import asyncio

import structlog

from services.contracts.case import LearnerCase
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ServiceError
from services.contracts.escalation import (
    Escalate,
    EscalationView,
    Offer,
    Open,
    RateAnswer,
    RateMemory,
    Reason,
    WriteNote,
)
from services.contracts.feedback import CheckRequest
from services.contracts.model import JsonObject
from services.contracts.progress import Version
from services.gateway.asking import Asking
from services.gateway.case_shelf import subtask_of
from services.gateway.errors import NotJudged, NotOffered, NotRemembered, OtherSubtask
from services.gateway.learner import Learner
from services.gateway.offers import Offers, signature_of
from services.gateway.outputs import shown

_log = structlog.get_logger(__name__)
_UNDER_WAY = ("waiting", "leased")


class Mentors:
    """A learner's questions to mentors. `mentoring` keeps them; who asks about what is said by the scope alone."""

    def __init__(self, mentoring: MentoringClient, progress: ProgressClient, asking: Asking) -> None:
        self._mentoring, self._progress, self._asking = mentoring, progress, asking
        self._offers = Offers(progress, mentoring, asking)

    async def offer(self, learner: Learner, subtask: str) -> Offer:
        """Whether the learner may ask about a step now. Raises SubtaskNotFound, ServiceError."""
        scope = await self._asking.scope(learner, subtask)
        reasons, mine = await asyncio.gather(
            self._offers.reasons(learner, subtask), self._mentoring.mine(scope, subtask)
        )
        under_way = next((one.id for one in mine if one.state in _UNDER_WAY), None)
        return Offer(subtask=subtask, reasons=reasons, open=under_way)

    async def ask(self, learner: Learner, asked: Escalate) -> EscalationView:
        """Ask about a judged version of the learner's own; while a question is under way, say more there.

        Raises SubtaskNotFound, OtherSubtask, NotJudged, NotOffered, and ServiceError, also for what is not theirs.
        """
        case = await self._asking.shelf.case_of(learner)
        scope = await self._asking.scope(learner, asked.subtask)
        version = await self._progress.version(asked.submission, await self._asking.scope(learner))
        if version.subtask != asked.subtask:
            raise OtherSubtask(f"Version {version.number} belongs to the step {version.subtask!r}.")
        offer = await self.offer(learner, asked.subtask)
        under_way = None if offer.open is None else await self._mentoring.one(offer.open, scope)
        if under_way is not None and not (asked.notes.strip() or asked.email):
            return under_way
        reasons = offer.reasons or ((under_way.reason,) if under_way else ())
        if not reasons:
            raise NotOffered(
                "A mentor is there when hints and checks have not helped. Ask for a hint first and say whether it did."
            )
        help_, signature = await asyncio.gather(self._help(asked.subtask, scope), self._mistake(version, scope))
        opened = _opened(case, version, reasons[0], asked, help_, signature)
        return await self._mentoring.open(opened, scope)

    async def mine(self, learner: Learner, subtask: str) -> tuple[EscalationView, ...]:
        """The learner's questions about a step, newest first."""
        return await self._mentoring.mine(await self._asking.scope(learner, subtask), subtask)

    async def one(self, learner: Learner, escalation: str) -> EscalationView:
        """One of the learner's questions. Raises ServiceError, also for somebody else's, as do all that follow."""
        return await self._mentoring.one(escalation, await self._asking.scope(learner))

    async def write(self, learner: Learner, escalation: str, note: WriteNote) -> EscalationView:
        """Say more."""
        return await self._mentoring.write(escalation, note, await self._asking.scope(learner))

    async def rate(self, learner: Learner, escalation: str, rating: RateAnswer) -> EscalationView:
        """Say whether the answer helped."""
        return await self._mentoring.rate(escalation, rating, await self._asking.scope(learner))

    async def cancel(self, learner: Learner, escalation: str) -> EscalationView:
        """Need no mentor any more."""
        return await self._mentoring.cancel(escalation, await self._asking.scope(learner))

    async def rate_memory(self, learner: Learner, entry: str, rating: RateMemory) -> Offer:
        """Say whether a remembered answer helped; answers with what the learner may do now.

        Raises NotRemembered for an answer that this version was never given, ServiceError.
        """
        version = await self._progress.version(rating.submission, await self._asking.scope(learner))
        given = {finding.remembered for finding in version.feedback.findings} if version.feedback else set()
        if entry not in given:
            raise NotRemembered("This version was never given that answer.")
        scope = await self._asking.scope(learner, version.subtask)
        await self._mentoring.rate_memory(entry, rating, scope)
        return await self.offer(learner, version.subtask)

    async def _mistake(self, version: Version, scope: str) -> str:
        """The signature under which the answer is remembered; that of the first finding where no repair tells more."""
        found = signature_of(version.feedback) if version.feedback else ""
        if not found:
            return ""
        try:
            request = CheckRequest(subtask=version.subtask, cells=version.cells)
            told = await self._asking.feedback.mistake(request, scope)
        except ServiceError as error:
            # A question never waits for a service that is away.
            _log.warning("the mistake behind a question could not be told", error=str(error))
            return found
        return told.signature or found

    async def _help(self, subtask: str, scope: str) -> JsonObject:
        """Hints and talk so far, as far as they can be had now: a question never waits for them."""
        hints, talk = await asyncio.gather(
            self._asking.feedback.hints(subtask, scope),
            self._asking.feedback.conversation(scope),
            return_exceptions=True,
        )
        said: JsonObject = {}
        for name, part in (("hints", hints), ("conversation", talk)):
            match part:
                case ServiceError():
                    continue
                case BaseException():
                    raise part
            said[name] = part.model_dump(mode="json")
        return said


def _opened(
    case: LearnerCase, version: Version, reason: Reason, asked: Escalate, help_: JsonObject, signature: str
) -> Open:
    if version.feedback is None:
        raise NotJudged("This version was never judged. Press Check first; then a mentor sees what was found.")
    return Open(
        subtask=asked.subtask,
        subtask_title=subtask_of(case, asked.subtask).title,
        case_title=case.title,
        submission=version.submission,
        number=version.number,
        cells=version.cells,
        feedback=version.feedback,
        signature=signature,
        reason=reason,
        notes=asked.notes,
        email=asked.email,
        help=help_,
        outputs=shown(asked.outputs, version.cells),
        request=asked.request,
    )
