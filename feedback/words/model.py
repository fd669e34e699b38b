"""Words by a model: read while they arrive, judged sentence by sentence, and never more than words."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from pydantic import ValidationError

from feedback.firewall.firewall import Firewall
from feedback.firewall.gate import SentenceGate
from feedback.firewall.leak import Leaked
from feedback.firewall.own import Own
from feedback.model.port import BadAnswer, ChatModel, ModelAnswer, ModelDelta, ModelRequest, streaming
from feedback.model.structured import DocumentReader, Member, parsed
from feedback.model.thinking import while_thinking
from feedback.prose.language import wrong_language
from feedback.prose.plain import plain, sentences
from feedback.words.answer import SaidOfConcept, SaidOfFinding, WordsAnswer
from feedback.words.collected import Collected
from feedback.words.ground import Ground
from feedback.words.metrics import WordsMetrics
from feedback.words.objections import objection_to
from services.contracts.feedback import Feedback
from services.contracts.finding import Finding
from services.contracts.words import Words, WordsPart

_log = structlog.get_logger(__name__)
_MAX_CHARS: Final = 12_000
"""No answer within the schema is longer; it is not read to its end."""


class Unworded(Exception):
    """The model's words cannot be used as a whole; those of the rules stay. `reason` is the counter's label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Wording:
    """All that wording one feedback needs."""

    request: ModelRequest
    feedback: Feedback
    findings: tuple[Finding, ...]
    """Those that the model is told of: each rests on evidence."""
    ground: Ground
    firewall: Firewall
    own: Own
    languages: tuple[str, ...]
    """In which the words may be; empty: any."""
    deadline: float
    """In the event loop's time."""


class ModelWords:
    """Has a model word findings."""

    def __init__(self, model: ChatModel, metrics: WordsMetrics) -> None:
        self._model, self._metrics = model, metrics

    async def write(self, wording: Wording) -> AsyncGenerator[WordsPart | Words, None]:
        """Sentences as they may be shown, and all words last.

        Raises:
            ModelError: the model gave no usable answer.
            TimeoutError: it is late.
            Unworded: what it said cannot be used.
        """
        reading = _Reading(wording, self._metrics)
        # Reading a whole notebook takes the firewall a while: it does so while the model begins to think.
        ready = asyncio.create_task(while_thinking(partial(wording.firewall.read, wording.own)))
        try:
            async with streaming(self._model, wording.request) as parts:
                while True:
                    async with asyncio.timeout_at(wording.deadline):
                        part = await anext(parts, None)
                        await ready
                    if part is None:
                        raise BadAnswer("the answer ended without its last part")
                    for said in reading.take(part):
                        yield said
                    if isinstance(part, ModelAnswer):
                        break
        finally:
            ready.cancel()
        if not reading.collected.said:
            raise Unworded("nothing_left")
        yield reading.collected.words()


class _Reading:
    """One answer, as far as it has come."""

    def __init__(self, wording: Wording, metrics: WordsMetrics) -> None:
        self._wording, self._metrics = wording, metrics
        self._known = {finding.id: finding for finding in wording.findings}
        self._reader = DocumentReader(WordsAnswer)
        self._heard = 0
        self._texts: list[str] = []
        self.collected = Collected(wording.feedback, wording.findings)

    def take(self, part: ModelDelta | ModelAnswer) -> Iterator[WordsPart]:
        """What may be shown of the next part. Raises BadAnswer, Unworded."""
        for member in self._members(part):
            yield from self._member(member)

    def _members(self, part: ModelDelta | ModelAnswer) -> list[Member]:
        if isinstance(part, ModelAnswer):
            parsed(part, WordsAnswer)
            return self._reader.end()
        self._heard += len(part.text)
        if self._heard > _MAX_CHARS:
            raise BadAnswer("the answer does not end")
        return self._reader.push(part.text)

    def _member(self, member: Member) -> Iterator[WordsPart]:
        try:
            match member.key:
                case "warnings":
                    yield from self._warning(SaidOfFinding.model_validate(member.value))
                case "remarks":
                    yield from self._remark(SaidOfConcept.model_validate(member.value))
        except ValidationError:
            raise BadAnswer("a member of the answer has another shape than asked for") from None

    def _warning(self, said: SaidOfFinding) -> Iterator[WordsPart]:
        finding = self._known.get(said.finding)
        if finding is None:
            self._metrics.dropped("finding")
            return
        ground = self._wording.ground.about([finding])
        for sentence in self._usable(said.message, ground):
            if not self.collected.room_for_warning(finding.id, sentence):
                self._metrics.dropped("too_long")
                continue
            self.collected.warn(finding.id, sentence)
            yield WordsPart(text=sentence, finding=finding.id)

    def _remark(self, said: SaidOfConcept) -> Iterator[WordsPart]:
        findings = [self._known[id_] for id_ in said.findings if id_ in self._known]
        if len(findings) < len(said.findings):
            self._metrics.dropped("finding")
            return
        self.collected.begin_remark()
        for sentence in self._usable(said.text, self._wording.ground.about(findings)):
            if not self.collected.room_for_remark(sentence):
                self._metrics.dropped("too_long")
                continue
            self.collected.remark(sentence)
            yield WordsPart(text=sentence)

    def _usable(self, text: str, ground: Ground) -> Iterator[str]:
        """The sentences against which nothing speaks."""
        text = plain(text)
        self._texts.append(text)
        if wrong_language(" ".join(self._texts), self._wording.languages):
            raise Unworded("language")
        found = sentences(text)
        if not found:
            self._metrics.dropped("unfinished")
        for sentence in found:
            reason = self._against(sentence, ground)
            if reason is None:
                yield sentence
            else:
                self._metrics.dropped(reason)

    def _against(self, sentence: str, ground: Ground) -> str | None:
        if self._leaks(sentence):
            return "leak"
        if self.collected.repeats(sentence):
            return "duplicate"
        return objection_to(sentence, ground, self._wording.feedback)

    def _leaks(self, sentence: str) -> bool:
        gate = SentenceGate(self._wording.firewall, self._wording.own, tuple(self.collected.said))
        try:
            gate.push(sentence)
            gate.end()
        except Leaked as leaked:
            self._metrics.leaked(leaked.leak)
            _log.warning(
                "a sentence would have given the reference away", kind=leaked.leak.kind, where=leaked.leak.where
            )
            return True
        return False
