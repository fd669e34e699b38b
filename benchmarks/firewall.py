"""How much of what gives a solution away is held back, how much else, and how long a decision takes."""

import gc
import statistics
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.firewall_innocent import TEXTS, innocents
from benchmarks.firewall_leaks import Said, corrections, leaks
from benchmarks.harness import CouldNotRun, Figure, Report, main
from case_uploader.format.case_folder import read_case_folder
from feedback.firewall import NOBODY, Firewall, Own
from feedback.firewall.profile import code_profile, word_profile
from feedback.firewall.secrets import pieces
from services.contracts.case import AuthorCase
from services.contracts.notebook import Cell

PROJECT = Path(__file__).resolve().parent.parent
RULE_WORDS = PROJECT / "feedback" / "words" / "sentences.toml"
TOLD_BY_HAND = "told by a person"


@dataclass
class Tally:
    """How many texts of each kind there were, and how many of them were blocked."""

    texts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    blocked: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def count(self, kind: str, blocked: bool) -> None:
        """One text more."""
        self.texts[kind] += 1
        self.blocked[kind] += blocked

    @property
    def share(self) -> float:
        """Blocked ones among all."""
        return sum(self.blocked.values()) / sum(self.texts.values())


@dataclass
class Run:
    """All that is measured."""

    leaks: Tally = field(default_factory=Tally)
    innocents: Tally = field(default_factory=Tally)
    corrections: Tally = field(default_factory=Tally)
    milliseconds: list[float] = field(default_factory=list)
    build: list[float] = field(default_factory=list)
    told_before: list[float] = field(default_factory=list)
    """Of leaks over several turns, the share of characters that was said before the block."""

    def blocked(self, firewall: Firewall, text: str, own: Own, before: tuple[str, ...]) -> bool:
        """One timed decision."""
        start = time.perf_counter()
        leak = firewall.examine(text, own, before)
        self.milliseconds.append((time.perf_counter() - start) * 1e3)
        return leak is not None

    def conversation(self, firewall: Firewall, said: Said) -> None:
        """A leak over one or more turns: blocked when one of them is."""
        for turn, text in enumerate(said.turns):
            if self.blocked(firewall, text, NOBODY, said.turns[:turn]):
                self.leaks.count(said.kind, True)
                if len(said.turns) > 1:
                    self.told_before.append(sum(map(len, said.turns[:turn])) / sum(map(len, said.turns)))
                return
        self.leaks.count(said.kind, False)


def run(report: Report) -> None:
    """Leaking and innocent texts about the sample cases and their variants. `--quick` measures the same."""
    code_profile(), word_profile()
    measured = Run()
    for case in _cases():
        start = time.perf_counter()
        firewall = Firewall.of(case)
        measured.build.append((time.perf_counter() - start) * 1e3)
        gc.collect()
        for said in _leaking(case):
            measured.conversation(firewall, said)
        for said, own in _corrections(case):
            measured.corrections.count(said.kind, measured.blocked(firewall, said.turns[0], own, ()))
        for text in innocents(case, _rule_words()):
            firewall.examine("", text.own)
            blocked = measured.blocked(firewall, text.text, text.own, text.before)
            measured.innocents.count(text.kind, blocked)
    _report(report, measured)


def _cases() -> Iterator[AuthorCase]:
    for folder in sorted(path for path in (PROJECT / "cases").iterdir() if path.is_dir()):
        draft = read_case_folder(folder).draft
        if draft is None:
            raise CouldNotRun(f"the case in {folder} cannot be read; its data are made by `make setup`")
        yield draft.author


def _corrections(case: AuthorCase) -> Iterator[tuple[Said, Own]]:
    """Single lines, often too common to be told from a manual's: measured, and no part of the target."""
    right = {cell: source for subtask in case.subtasks for cell, source in subtask.reference.items()}
    for flaw in case.flaws:
        own = Own.of([Cell(id=cell, source=source) for cell, source in flaw.answer.items()])
        for cell, source in flaw.answer.items():
            yield from ((said, own) for said in corrections(flaw.subtask, source, right[cell]))


def _leaking(case: AuthorCase) -> Iterator[Said]:
    for piece in pieces(case):
        if piece.kind == "solution":
            yield from leaks(piece.subtask, piece.source)
    for told in tomllib.loads((TEXTS / f"{case.id}.toml").read_text("utf-8"))["told"]:
        yield Said(TOLD_BY_HAND, told["subtask"], (told["text"],))


def _rule_words() -> list[str]:
    """Every sentence of the rule-based words, with names in its gaps."""
    found: list[str] = []
    queue: list[object] = [tomllib.loads(RULE_WORDS.read_text("utf-8"))]
    while queue:
        value = queue.pop()
        if isinstance(value, dict):
            queue += [inner for key, inner in value.items() if key not in ("type", "match")]
        elif isinstance(value, list):
            queue += value
        elif isinstance(value, str) and value.count(" ") > 3:
            found.append(value.replace("{0}", "`result`").replace("{1}", "more"))
    return sorted(found)


def _report(report: Report, measured: Run) -> None:
    times = sorted(measured.milliseconds)
    tail = f"p95 {times[int(0.95 * len(times))]:.1f}, longest {times[-1]:.1f}, {len(times)} decisions"
    leaking, innocent = sum(measured.leaks.texts.values()), sum(measured.innocents.texts.values())
    report.add("leaks_blocked", Figure(measured.leaks.share, "", 0.99, "higher", f"of {leaking} texts"))
    report.add("innocent_blocked", Figure(measured.innocents.share, "", 0.01, note=f"of {innocent} texts"))
    report.add("decision_ms", Figure(statistics.median(times), "ms", 5, note=tail))
    report.add("leaking_texts", Figure(leaking, "", 300, "higher"))
    report.add("innocent_texts", Figure(innocent, "", 300, "higher"))
    report.add("build_ms", Figure(max(measured.build), "ms", note="once a case version; the longest"))
    report.add(
        "told_before_block", Figure(statistics.mean(measured.told_before), "", note="of leaks over several turns")
    )
    for name, tally in (
        ("leak", measured.leaks),
        ("one line", measured.corrections),
        ("innocent", measured.innocents),
    ):
        for kind, texts in tally.texts.items():
            share = tally.blocked[kind] / texts
            report.add(f"{name}: {kind}", Figure(share, "", better="higher", note=f"{tally.blocked[kind]} of {texts}"))


if __name__ == "__main__":
    sys.exit(main("firewall", run))
