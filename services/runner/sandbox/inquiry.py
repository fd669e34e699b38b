"""The questions of one run, asked when the learner's code has ended.

They are answered by copies of the learner's process, each on a socket of its own, so a process that was left behind
cannot answer for them; by that process itself only where looking changes nothing. A copy answers one question, or
several checks that have nothing to leave for each other (`sandbox/sharing.py`).
"""

import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from .household import READY_SECONDS, Copy, Household, Lost

_OPTIONAL_SECONDS = 0.5
"""For all optional probes together: a check never waits for what it can do without."""
_PATIENCE_SECONDS = 0.1
"""A check that takes longer than a dozen copies is worth one for those behind it."""
_GRACE = 1.0
"""A question's own alarm comes first; it is waited for this much longer."""


@dataclass
class _Question:
    """A check, or all probes, and the copy that works on it; of `names` the learner's process itself does."""

    order: dict[str, Any]
    then: deque[dict[str, Any]] = field(default_factory=deque)
    """Further checks, and perhaps the probes, for the same copy while it is fit for them."""
    copy: Copy | None = None
    lost: str = ""
    """Why there is no copy."""

    @property
    def is_for_a_copy(self) -> bool:
        """Whether it may change the process that works on it."""
        return bool(self.order["op"] != "names")

    @property
    def pid(self) -> int | None:
        """The copy's, as it said; None until then."""
        return self.copy.pid if self.copy else None


class Inquiry:
    """Has every question answered that can be, in order; an answer brings back the nonce of its order."""

    def __init__(self, household: Household, order: dict[str, Any]) -> None:
        """`order`: `checks`, `probes`, `nonce`, `seed`, `seconds` for each, and how many are worked on `at_once`."""
        self._household, self._order, self._at_once = household, order, order["at_once"]
        self._waiting: deque[_Question] = deque()
        self._asked: deque[_Question] = deque()
        self._last: _Question | None = None
        self._ending: int | None = None

    def settle(self, *, for_good: bool) -> bool:
        """Put the checks' functions back, in a fork when the learner's process has more than one thread.

        A fork has one thread: the learner's others are not in it. What is lost here shows at every question.
        Whether nothing was otherwise; not `for_good`: the process may run further cells.
        """
        household, old = self._household, self._household.pid
        try:
            if household.threads(old) > 1:
                copy = household.fork()
                household.greet(copy)
                household.sock = copy.sock
            household.order({"op": "settle", "for_good": for_good})
            settled = household.answer(household.sock, time.monotonic() + READY_SECONDS)
        except Lost:
            return False
        claimed = settled.get("pid")
        # A false pid only spares a process of the learner's own until the session ends.
        if isinstance(claimed, int) and claimed > 1 and claimed != old:
            household.pid = claimed
            household.end(old)
        return settled.get("changed") is False

    def answer(self) -> bool:
        """Ask and report everything. Whether the learner's process is fit for further cells."""
        fit = True
        self._waiting.extend(self._questions())
        while self._waiting or self._asked:
            if self._last is not None:
                self._tidy_up(self._last)
            if self._waiting and not (self._asked and self._left_behind()):
                self._ask_next()
            self._last = question = self._asked.popleft()
            if question.order["op"] == "check":
                self._answer_checks(question)
            elif question.order["op"] == "names":
                fit = self._answer_names(question)
            else:
                self._answer_probes(question)
        return fit

    def end(self) -> None:
        """Nobody waits for an answer any more: end what has given one, and everything that was left behind."""
        if self._last is not None:
            self._tidy_up(self._last)

    def _questions(self) -> Iterator[_Question]:
        common = {key: self._order[key] for key in ("nonce", "seed", "seconds")}
        probes = self._order["probes"]
        last = deque(
            [{"op": "names" if _are_names(probes) else "probes", "probes": probes, **common}] if probes else ()
        )
        rows = [deque({"op": "check", **check, **common} for check in row) for row in self._rows()]
        if rows and rows[-1][-1]["shares"] and self._probes_may_follow():
            rows[-1].append(last.popleft())
        for orders in (*rows, last):
            for order in orders:
                order["another"] = order is not orders[-1]
            if orders:
                yield _Question(orders.popleft(), orders)

    def _probes_may_follow(self) -> bool:
        """Whether the copy that the last check was in goes on with the probes: none of its own is beside it."""
        probes = self._order["probes"]
        return bool(probes) and self._at_once == 1 and not _are_names(probes)

    def _rows(self) -> Iterator[list[dict[str, Any]]]:
        """The checks in order; those of a row are for one copy."""
        for shares, row in groupby(self._checks(), lambda check: check["shares"]):
            checks = list(row)
            yield from [checks] if shares else ([check] for check in checks)

    def _checks(self) -> list[dict[str, Any]]:
        """Of each check also whether it may share a copy."""
        checks = self._order["checks"]
        by_name = [check for check in checks if check["rests_on"] is not None]
        flags = self._shares(by_name) if len(by_name) + self._probes_may_follow() > 1 else []
        fit = {check["id"] for check, flag in zip(by_name, flags, strict=False) if flag is True}
        return [{**check, "shares": check["id"] in fit} for check in checks]

    def _shares(self, checks: Sequence[dict[str, Any]]) -> list[Any]:
        order = [{**check["rests_on"], "modules": check["modules"]} for check in checks]
        with contextlib.suppress(Lost):
            said = self._household.asked({"op": "shares", "checks": order}).get("shares")
            return said if isinstance(said, list) else []
        return []

    def _ask_next(self) -> None:
        """As many as there is room for; names beside them, which take no copy, and after which nothing comes."""
        waiting = self._waiting
        new = [waiting.popleft() for _ in range(min(self._at_once - len(self._asked), len(waiting)))]
        if waiting and not waiting[0].is_for_a_copy:
            new.append(waiting.popleft())
        # Several checks in a row take longest: their copy is at work before others are made.
        first = 1 if new and new[0].then else 0
        self._ask(new[:first])
        self._ask(new[first:])
        self._asked.extend(new)

    def _ask(self, questions: Sequence[_Question]) -> None:
        """Have copies made that work on these questions; nobody waits for them yet.

        First all the copies: a fork beside one that is at work takes longer.
        """
        for question in questions:
            if question.is_for_a_copy:
                try:
                    question.copy = self._household.fork()
                except Lost as lost:
                    question.lost = str(lost)
        for question in questions:
            with contextlib.suppress(Lost):
                self._copy_of(question)
        for question in questions:
            self._tell_order(question)

    def _tell_order(self, question: _Question) -> None:
        """With a tag that is new: nobody can have written the answer before."""
        question.order["tag"] = os.urandom(8).hex()
        try:
            sock = self._copy_of(question).sock if question.is_for_a_copy else None
            self._household.order(question.order, sock)
        except Lost as lost:
            question.lost = str(lost)

    def _copy_of(self, question: _Question) -> Copy:
        """The copy that works on it. Raises Lost."""
        if question.copy is None or question.lost:
            raise Lost(question.lost or "ended")
        self._household.greet(question.copy)
        return question.copy

    def _answer_checks(self, question: _Question) -> None:
        """One copy answers all for which it is fit, and the probes where they follow; then the next one goes on."""
        while True:
            self._part_with_others(question)
            answer = self._answer_of_check(question)
            fit = answer.pop("fit", None) is True and self._is_by_itself(question)
            self._report("check", question.order["id"], answer)
            if not question.then:
                return
            order = question.then.popleft()
            if fit:
                question.order = order
                self._tell_order(question)
            else:
                self._tidy_up(question)
                self._last = question = _Question(order, question.then)
                self._ask([question])
            if order["op"] == "probes":
                self._answer_probes(question)
                return

    def _part_with_others(self, question: _Question) -> None:
        """Where a check takes long, another copy works on those behind it, if there is room for one."""
        copies = 1 + sum(other.is_for_a_copy for other in self._asked)
        if not question.then or question.copy is None or copies >= self._at_once:
            return
        if self._household.hears(question.copy.sock, _PATIENCE_SECONDS) or self._has_strangers(question):
            return
        rest, question.then = question.then, deque()
        other = _Question(rest.popleft(), rest)
        self._ask([other])
        self._asked.appendleft(other)

    def _answer_of_check(self, question: _Question) -> dict[str, Any]:
        try:
            copy = self._copy_of(question)
            answer = self._household.answer(copy.sock, time.monotonic() + question.order["seconds"] + _GRACE)
            if answer.pop("tag", None) != question.order["tag"]:
                raise Lost("protocol")
        except Lost as lost:
            return {"status": "lost", "lost": str(lost)}
        return answer

    def _is_by_itself(self, question: _Question) -> bool:
        """Whether what it called has left no thread and no process behind, which could answer the next check."""
        return self._household.threads(question.pid or 0) == 1 and not self._has_strangers(question)

    def _has_strangers(self, question: _Question) -> bool:
        return self._household.has_strangers({self._ending, question.pid, *self._at_work()})

    def _answer_names(self, question: _Question) -> bool:
        """The learner's process answers, or says that a copy should. Whether it can be used further."""
        household, left = self._household, list(question.order["probes"])
        seconds = question.order["seconds"] + _GRACE
        try:
            if question.lost:
                raise Lost(question.lost)
            if household.answer(household.sock, time.monotonic() + seconds).get("known") is True:
                self._take_answers(household.sock, left, seconds)
                return True
        except Lost as lost:
            # Nobody knows what it is at: no copy of it could answer.
            for probe in left:
                self._report("probe", probe["id"], {"lost": str(lost)})
            return False
        self._last = copied = _Question({**question.order, "op": "probes"})
        self._ask([copied])
        self._answer_probes(copied)
        return True

    def _answer_probes(self, question: _Question) -> None:
        """One copy answers all; when it is lost over one probe, the next copy goes on behind that one.

        The optional ones, which are the last, end with the first that is lost.
        """
        left = list(question.order["probes"])
        while True:
            try:
                copy = self._copy_of(question)
                self._take_answers(copy.sock, left, question.order["seconds"] + _GRACE)
            except Lost as lost:
                for probe in list(left) if left[0]["optional"] else left[:1]:
                    self._report("probe", probe["id"], {"lost": str(lost)})
                    left.remove(probe)
            if not left:
                return
            self._tidy_up(question)
            self._last = question = _Question({**question.order, "probes": left})
            self._ask([question])

    def _take_answers(self, sock: socket.socket, left: list[dict[str, Any]], seconds: float) -> None:
        """Answers to these in order, each taken off as it comes. Raises Lost."""
        end: float | None = None
        while left:
            if left[0]["optional"]:
                end = end or time.monotonic() + _OPTIONAL_SECONDS
            answer = self._household.answer(sock, end or time.monotonic() + seconds)
            self._report("probe", left.pop(0)["id"], answer)

    def _report(self, event: str, question: str, answer: dict[str, Any]) -> None:
        self._household.tell({"event": event, "id": question, "answer": answer})

    def _tidy_up(self, answered: _Question) -> None:
        """End the copy that has answered; with no other at work, everything that was left behind ends, too."""
        household = self._household
        if answered.copy is not None:
            answered.copy.sock.close()
        for other in self._asked:
            with contextlib.suppress(Lost):
                self._copy_of(other)
        pid = answered.pid
        if not self._asked:
            # The copy that has answered takes a while to give its memory back: no need to wait for that.
            household.sweep(leave=1)
            self._ending = pid
        elif pid is not None and pid > 1 and pid not in {household.pid, *self._at_work()}:
            household.end(pid)
            self._ending = pid
        for capture in (household.out, household.err):
            capture.take()

    def _left_behind(self) -> bool:
        """Whether processes run that are none of ours: then those at work end first, and all others with them."""
        return self._household.has_strangers({self._ending, *self._at_work()})

    def _at_work(self) -> Iterable[int | None]:
        return (question.pid for question in self._asked)


def _are_names(probes: Sequence[dict[str, Any]]) -> bool:
    return all(probe["name"] is not None for probe in probes)
