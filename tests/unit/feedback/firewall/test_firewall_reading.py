"""How a text is read before it is compared: plain form, marks, trees, snippets."""

import pytest

from feedback.firewall import Firewall, Own
from feedback.firewall.fingerprint import Fingerprint
from feedback.firewall.normalise import plain
from feedback.firewall.profile import MAX_BITS, code_profile
from feedback.firewall.snippets import snippets, spans
from feedback.firewall.tokens import ANY, code_view, lexemes, number, stem, word_view
from feedback.firewall.trees import Fragment, fragments
from tests.unit.feedback.firewall.conftest import WASTE, bakery


def marks(text: str, *vocabulary: str) -> list[str]:
    return code_view(lexemes(text, frozenset(vocabulary)))


class TestPlain:
    @pytest.mark.parametrize(
        ("text", "seen"),
        [
            ("гаw = рd", "raw = pd"),
            ("r\u200ba\u2060w", "raw"),
            ("\u202eabc\u202c", "abc"),
            ("ｒａｗ（１）", "raw(1)"),
            ("𝚛𝚊𝚠", "raw"),
            ("r\u0336a\u0336w\u0336", "raw"),
            ("x ≤ 3", "x <= 3"),
            ("“a”", '"a"'),
            ("a\0b\tc\rd", "ab c\nd"),
            ("a\ud800b", "ab"),
        ],
    )
    def test_what_looks_alike_is_alike(self, text: str, seen: str) -> None:
        assert plain(text) == seen

    def test_ordinary_text_stays(self) -> None:
        assert plain("Look at line 3:\n  x = 1") == "Look at line 3:\n  x = 1"


class TestMarks:
    def test_free_names_are_all_the_same(self) -> None:
        assert marks("total = first + second") == marks("a = b + c") == [ANY, "=", ANY, "+", ANY]

    def test_attributes_arguments_builtins_and_imports_stay(self) -> None:
        assert marks("x = pd.f(y, sep=1).mean(len(z))", "pd") == [
            *(ANY, "=", "pd", "f", ANY, "sep", "=", "n:1", "mean", "len", ANY)
        ]

    def test_layout_and_quotes_do_not_matter(self) -> None:
        assert marks("f(a,\n   'b',\n)") == marks('f ( a, "b" )')

    def test_comments_can_be_left_out(self) -> None:
        assert code_view(lexemes("a = 1  # say\nb = 2", comments=False)) == marks("a = 1\nb = 2")

    @pytest.mark.parametrize("written", ["1000", "1_000", "1e3", "1000.0", "0x3e8"])
    def test_a_number_has_one_spelling(self, written: str) -> None:
        assert number(written) == "1000"

    @pytest.mark.parametrize("written", ["1e9999", "1" * 60, "0b" + "1" * 39, "1_"])
    def test_odd_numbers_are_read_somehow(self, written: str) -> None:
        assert number(written)

    def test_an_apostrophe_opens_no_text(self) -> None:
        assert "s:t do" not in marks("don't do, can't do")

    def test_names_are_taken_apart_as_words(self) -> None:
        assert word_view("drop_duplicates(keepFirst)") == word_view("drop duplicates keep first")

    @pytest.mark.parametrize("words", [("drop", "drops", "dropped", "dropping"), ("split", "splits", "splitting")])
    def test_endings_do_not_matter(self, words: tuple[str, ...]) -> None:
        assert len({stem(word) for word in words}) == 1


def renamed(source: str) -> set[int]:
    return {part.renamed for part in fragments(source)}


def largest(source: str) -> Fragment:
    return fragments(source)[-1]


class TestTrees:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("total = a + b", "x = y + z"),
            ("x += 1", "x = x + 1"),
            ("x: int = f(1)", "x = f(1)"),
            ("y = a > b", "y = b < a"),
            ("y = a >= b", "y = b <= a"),
            ("f(b=1, a=2)", "f(a=2, b=1)"),
            ("x = (\n  1 +\n  2)", "x = 1 + 2"),
            ("x = -1.0", "x = -1"),
            ("any([a for a in b])", "any(a for a in b)"),
            ("x = '\\d'", "x = '\\\\d'"),
        ],
    )
    def test_alike(self, one: str, other: str) -> None:
        assert largest(one).renamed == largest(other).renamed

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("x = a[3:]", "x = a[:3]"),
            ("x = a + b", "x = a - b"),
            ("x = 1", "x = -1"),
            ("x = a.mean()", "x = a.median()"),
            ("f(a=1)", "f(b=1)"),
            ("x = 'one'", "x = 'two'"),
            ("x = a < b", "x = a <= b"),
        ],
    )
    def test_different(self, one: str, other: str) -> None:
        assert largest(one).renamed != largest(other).renamed

    def test_names_tell_the_exact_one(self) -> None:
        assert largest("total = a + b").exact != largest("x = y + z").exact
        assert largest("total = a + b").names == ("total", "a", "b")

    def test_a_header_is_the_same_whatever_its_body(self) -> None:
        assert renamed("for a in f(b):\n    g(a)") >= renamed("for x in f(y):\n    pass")

    def test_docstrings_and_open_ends_say_nothing(self) -> None:
        assert fragments('def f(x):\n    """Words."""\n    raise NotImplementedError()') == []

    def test_a_line_from_within_a_call_is_read(self) -> None:
        assert renamed("g(a)") & renamed("sep=1, key=g(a),") != set()
        assert largest("g(a) for a in b if a").bits > 0

    @pytest.mark.parametrize(
        "source",
        ["(" * 5000, "-" * 9000 + "1", "a" + ".b" * 5000, "x = '", "\0", "9" * 9000, "[" * 90 + "]" * 90, "é = 1"],
    )
    def test_hostile_code_is_no_code(self, source: str) -> None:
        assert isinstance(fragments(source), list)


class TestSnippets:
    def test_fences_spans_and_bare_lines(self) -> None:
        found = list(snippets("Look:\n```python\na = 1\n```\nor `b = 2`, or\n\n    c = f(3)\n\nand so on."))
        assert {"a = 1", "b = 2", "c = f(3)"} <= set(found)

    def test_list_marks_and_prompts_are_no_code(self) -> None:
        found = list(snippets("1. x = f(1)\n- y = f(2)\n>>> z = f(3)\nIn [4]: w = f(4)"))
        assert {"x = f(1)", "y = f(2)", "z = f(3)", "w = f(4)"} <= set(found)

    def test_headers_get_a_body_and_brackets_their_rest(self) -> None:
        found = list(snippets("```\nif a:\n  f(1,\n    2)\nelif b:\n```"))
        assert {"if a: pass", "f(1, 2)", "if b: pass"} <= set(found)

    def test_spans(self) -> None:
        assert spans("use `a` and ``b``, not ``` c") == ["a", "b"]


class TestProfile:
    def test_what_every_manual_holds_says_little(self) -> None:
        common = sum(code_profile().row(marks("import pandas as pd", "pd")))
        rare = sum(code_profile().row(marks("x = y.asfreq('W-SAT')")))
        assert common < rare / 2

    def test_bounds(self) -> None:
        assert code_profile().bits("never seen anywhere") == MAX_BITS
        assert 0 <= code_profile().bits("=", ANY) < 3


def test_of_a_notebook_only_the_cell_that_changed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    fingerprint = Fingerprint.of

    def noted(text: str, vocabulary: frozenset[str]) -> Fingerprint:
        read.append(text)
        return fingerprint(text, vocabulary)

    firewall = Firewall.of(bakery())
    monkeypatch.setattr(Fingerprint, "of", noted)
    cells = [f"shelf_{n} = labels.head({n})" for n in range(20)]
    firewall.read(Own(tuple(cells)))
    assert read == cells
    read.clear()
    changed = [*cells[:7], WASTE, *cells[8:]]
    firewall.read(Own(tuple(changed)))
    assert read == [WASTE]
    assert firewall.examine(WASTE, Own(tuple(changed))) is None
    assert firewall.examine(WASTE, Own(tuple(cells))) is not None
