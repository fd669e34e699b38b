"""How long the largest and nastiest texts hold a service up, in processor time.

The texts are those that tests give to the same functions: they tell what comes out, this tells how long it takes.
"""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from benchmarks.harness import Figure, Report, main
from feedback.chat.guessing import guessing
from feedback.firewall import NOBODY, Firewall, Own
from feedback.hints.difference import differences
from feedback.hints.distance import edits
from feedback.notebook.reading import bindings, bound, names_read, origins
from services.contracts.chat import MAX_QUESTION
from tests.security.firewall.test_firewall_attacks import HOSTILE as HOSTILE_ANSWERS
from tests.security.firewall.test_firewall_attacks import make_case
from tests.unit.feedback.test_feedback_reading import HOSTILE as HOSTILE_CODE
from tests.unit.feedback.test_hint_giveaway import HOSTILE as HOSTILE_HINTS
from tests.unit.feedback.test_hint_giveaway import JUDGE

_LINES: Final = ("x", "x = 1", "if x: pass", ")")
_FILLERS: Final = ("a", "is it ", "<", "what is ", "`", "[1-", "yes or no ", "write me a ")


def run(report: Report) -> None:
    """Measure the slowest of each kind of text."""
    firewall = Firewall.of(make_case())
    answers = list(HOSTILE_ANSWERS.values())[: 6 if report.quick else None]
    _slowest(report, "answer_s", 20, [partial(firewall.examine, text, NOBODY, ["before"]) for text in answers])
    _slowest(report, "notebook_s", 20, [partial(firewall.examine, "Look.", Own((text,)), [text]) for text in answers])
    _slowest(report, "code_s", 3, [partial(_read, text) for text in HOSTILE_CODE.values()])
    _slowest(report, "hint_s", 1, [partial(JUDGE.of, text) for text in HOSTILE_HINTS])
    questions = [(filler * MAX_QUESTION)[:MAX_QUESTION] for filler in _FILLERS]
    _slowest(report, "question_s", 1, [partial(guessing, text) for text in questions])
    huge = [({"a": f"{line}\n" * 8_000}, {"a": f"y\n{line}\n" * 4_000}) for line in _LINES]
    _slowest(report, "difference_s", 5, [partial(differences, *pair) for pair in huge])
    one, other = [f"t{n % 97}" for n in range(12_000)], [f"t{n % 89}" for n in range(12_000)]
    _slowest(report, "distance_s", 5, [partial(edits, one, other)])


def _slowest(report: Report, key: str, target: float, works: Iterable[Callable[[], object]]) -> None:
    taken = []
    for work in works:
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    report.add(key, Figure(max(taken), "s", target=target, note=f"slowest of {len(taken)}"))


def _read(source: str) -> None:
    bindings(source)
    bound(source)
    names_read(source)
    origins([source])


if __name__ == "__main__":
    sys.exit(main("hostile", run))
