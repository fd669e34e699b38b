"""The texts of the benchmark, about one sample case: the figures of docs/explanation/firewall.md hold."""

from pathlib import Path

import pytest

from benchmarks.firewall_innocent import innocents
from benchmarks.firewall_leaks import leaks
from case_uploader.format.case_folder import read_case_folder
from feedback.firewall import NOBODY, Firewall
from feedback.firewall.secrets import pieces
from services.contracts.case import AuthorCase

CASES = Path(__file__).resolve().parents[4] / "cases"


@pytest.fixture(scope="module")
def author() -> AuthorCase:
    draft = read_case_folder(CASES / "python-basics").draft
    assert draft is not None
    return draft.author


def test_leaks_are_blocked_and_innocent_texts_pass(author: AuthorCase) -> None:
    firewall = Firewall.of(author)
    solutions = [piece for piece in pieces(author) if piece.kind == "solution"]
    said = [s for piece in solutions[::2] for s in leaks(piece.subtask, piece.source)]
    missed = [s.kind for s in said if not any(firewall.examine(t, NOBODY, s.turns[:i]) for i, t in enumerate(s.turns))]
    texts = list(innocents(author, []))
    blocked = [text.text for text in texts if firewall.examine(text.text, text.own, text.before)]
    assert len(said) > 200
    assert len(texts) > 300
    assert len(missed) <= 0.01 * len(said), missed
    assert len(blocked) <= 0.01 * len(texts), blocked
