"""A finding for each mistake that the verified repair mends independently of the others, though they fail one check."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace

from feedback.evidence.asked import Asked
from feedback.evidence.clues import CallDiffers, CheckFailed, Clue, Counterexample, Incomplete, RepairChanges
from feedback.findings.located import Seen
from feedback.findings.mended import changes
from feedback.findings.mistakes import MAX_FINDINGS, Mistake
from feedback.repair.engine import Repaired
from feedback.repair.parts import Part
from feedback.repair.questions import Question, questions
from services.contracts.finding import Evidence
from services.contracts.notebook import Place
from services.contracts.observation import CodeError


def several(asked: Asked, found: Sequence[Mistake], seen: Seen) -> tuple[Mistake, ...]:
    """The same mistakes, each with the part of the repair that mends it, and one more for each part that mends none.

    Those that break most come first; what the repair does not change keeps its place.
    """
    repaired = seen.repaired
    if repaired is None or len(repaired.parts) < 2:
        return tuple(found)
    split = _Split(asked, seen, repaired)
    owned = split.owners(found)
    if not owned:
        return tuple(found)
    more = {part: one for part in repaired.parts if part not in owned.values() and (one := split.further(part))}
    # A part whose consequence nobody can be told of stays where it was.
    silent = [part for part in repaired.parts if part not in owned.values() and part not in more]
    told = [split.narrowed(one, owned[at], silent) if at in owned else one for at, one in enumerate(found)]
    placed = _inputs_placed(split, {owned[at]: told[at] for at in owned} | more)
    own = sorted(placed, key=lambda part: -len(part.breaks))
    last = max(owned)
    ordered: list[Mistake] = []
    for at, one in enumerate(told):
        if at not in owned:
            ordered.append(one)
            continue
        ordered.append(placed[own.pop(0)])
        if at == last:
            ordered += [placed[part] for part in own]
    return tuple(ordered[:MAX_FINDINGS])


class _Split:
    def __init__(self, asked: Asked, seen: Seen, repaired: Repaired) -> None:
        self._asked, self._seen, self._repaired = asked, seen, repaired
        self._checks = asked.subtask.checks
        self.questions = questions([check.source for check in self._checks])
        self._places = {
            part: {clue.evidence.place for clue in changes(asked, part.edits, repaired)} for part in repaired.parts
        }

    def owners(self, found: Sequence[Mistake]) -> dict[int, Part]:
        """By position of the mistake, the part that mends it: of those it may be about the one that makes it show."""
        owned: dict[int, Part] = {}
        for at, one in enumerate(found):
            marked = {clue.evidence.place for clue in one.clues if isinstance(clue, RepairChanges)}
            free = [p for p in self._repaired.parts if marked & self._places[p] and p not in owned.values()]
            spoken = self._spoken(one.primary)
            if free:
                owned[at] = max(free, key=lambda part: (bool(part.breaks & spoken), len(part.breaks)))
        return owned

    def _spoken(self, clue: Clue) -> frozenset[int]:
        """The numbers of the questions that the clue is about."""
        match clue:
            case CallDiffers(probe=probe):
                return frozenset({len(self.questions) + probe})
            case CheckFailed(check=check, error=error):
                own = [n for n, one in enumerate(self.questions) if self._checks[one.check] == check]
                line = error.place.line if error and error.place and error.place.cell == check.id else None
                at = [n for n in own if line is not None and _covers(self.questions[n], line)]
                return frozenset(at or own)
            case Incomplete():
                return frozenset(range(len(self.questions)))
        return frozenset()

    def narrowed(self, mistake: Mistake, part: Part, silent: Sequence[Part]) -> Mistake:
        """The mistake with the places of its own part alone, and of those that cannot be told apart from it."""
        marked = {clue.evidence.place for clue in mistake.clues if isinstance(clue, RepairChanges)}
        others = [one for one in silent if marked & self._places[one]]
        kept = self._places[part].union(*(self._places[one] for one in others))
        supports = [c for c in mistake.supports if not isinstance(c, RepairChanges) or c.evidence.place in kept]
        return replace(mistake, supports=supports)

    def further(self, part: Part) -> Mistake | None:
        """A mistake that nothing but the repair tells of; None where there is no line or nothing to say of it."""
        places, primary = changes(self._asked, part.edits, self._repaired), self._consequence(part)
        return Mistake(primary, [*places], part.signature) if primary is not None and places else None

    def _consequence(self, part: Part) -> Clue | None:
        """Something that fails by this mistake alone: rather what no other breaks, and what learners can read."""
        others = frozenset[int]().union(*(one.breaks for one in self._repaired.parts if one is not part))
        clues = [(n, clue) for n in sorted(part.breaks) if (clue := self._fails(n, len(part.breaks))) is not None]
        first = min(clues, key=lambda one: (one[1].hidden, one[0] in others, one[0]), default=None)
        return first[1] if first else None

    def _fails(self, number: int, count: int) -> Clue | None:
        if number >= len(self.questions):
            probe = number - len(self.questions)
            return next((c for c in self._seen.clues if isinstance(c, CallDiffers) and c.probe == probe), None)
        question = self.questions[number]
        check = self._checks[question.check]
        if not check.hidden:
            # Its own words: those for the whole check are said of the mistake that was seen first.
            check = check.model_copy(update={"hint": None})
        place = Place(cell=check.id, line=question.statement.lineno)
        error = CodeError(type="AssertionError", message=_words(question.statement), place=place)
        fact = f"{count} of what the checks ask fails by this mistake alone, line {place.line} of {check.id} included"
        evidence = Evidence(kind="check", subject=check.id, fact=fact)
        return CheckFailed(evidence=evidence, hidden=check.hidden, check=check, error=error)

    def shows(self, clue: Counterexample) -> frozenset[int]:
        """The numbers of the questions that make the very call."""
        return frozenset(n for n, one in enumerate(self.questions) if clue.call in _calls(one.statement))


def _inputs_placed(split: _Split, placed: Mapping[Part, Mistake]) -> dict[Part, Mistake]:
    """Each input with the mistake that breaks it, where a check tells which one that is."""
    found = dict(placed)
    for part, mistake in placed.items():
        for clue in mistake.supports:
            asked = split.shows(clue) if isinstance(clue, Counterexample) else frozenset()
            others = [one for one in placed if one.breaks & asked]
            if len(others) == 1 and others[0] is not part:
                left = [one for one in found[part].supports if one is not clue]
                found[part] = replace(found[part], supports=left)
                found[others[0]] = replace(found[others[0]], supports=[clue, *found[others[0]].supports])
    return found


def _covers(question: Question, line: int) -> bool:
    return question.statement.lineno <= line <= (question.statement.end_lineno or question.statement.lineno)


def _words(statement: ast.stmt) -> str:
    """What the assert says when it fails, if that is a plain text."""
    match statement:
        case ast.Assert(msg=ast.Constant(value=str(words))):
            return words
    return ""


def _calls(statement: ast.stmt) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(statement) if isinstance(node, ast.Call)}
