"""What holds for every text."""

import ast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedback.firewall import NOBODY, Firewall, Leak, Own
from services.contracts.notebook import Cell
from tests.unit.feedback.firewall.conftest import HIDDEN, ROUND, ROUND_VARIANT, WASTE, bakery

FIREWALL = Firewall.of(bakery())
SECRETS = (WASTE, ROUND, ROUND_VARIANT, HIDDEN)
LINES = [line for source in SECRETS for line in source.splitlines()]
NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True).filter(
    lambda name: name.isidentifier() and not hasattr(__builtins__, name)
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), min_size=1, max_size=12),
    st.integers(0, 11),
    st.integers(1, 12),
    st.sampled_from(["You wrote:\n```python\n{}\n```\nWhat then?", "Look at this:\n\n{}\n", "{}", "> {}"]),
)
def test_what_a_learner_wrote_may_be_quoted(lines: list[str], start: int, count: int, frame: str) -> None:
    """Whatever part of the reference it is."""
    own = Own.of([Cell(id="waste", source="\n".join(lines))])
    quoted = "\n".join(lines[start % len(lines) :][:count])
    assert FIREWALL.examine(frame.format(quoted), own) is None


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self.names.get(node.arg, node.arg))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([WASTE, ROUND, ROUND_VARIANT]),
    st.lists(NAMES, min_size=12, max_size=12, unique=True),
    st.booleans(),
)
def test_no_choice_of_names_hides_a_solution(source: str, names: list[str], fenced: bool) -> None:
    tree = ast.parse(source)
    free = ("labels", "daily", "amount", "unit", "factor", "text", "best", "loaves", "oven", "ovens", "limit", "rounds")
    code = ast.unparse(_Renamer(dict(zip(free, names, strict=True))).visit(tree))
    text = f"```python\n{code}\n```" if fenced else code
    assert FIREWALL.examine(text, NOBODY) is not None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.text(max_size=100), st.lists(st.text(max_size=60), max_size=3))
@example("\ud800\udfff", "\0", ["\u202e"])
@example("```", "`", ["~~~"])
@example("'" * 50, '"' * 50, [])
def test_no_text_is_too_odd(text: str, own: str, before: list[str]) -> None:
    assert FIREWALL.examine(text, Own.of([], [own]), before) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from([WASTE, ROUND_VARIANT]))
def test_nothing_around_a_solution_hides_it(front: str, back: str, source: str) -> None:
    leak = FIREWALL.examine(f"{front}\n{source}\n{back}", NOBODY)
    assert isinstance(leak, Leak)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abcdefg hij.", max_size=40), max_size=6))
def test_talk_between_the_lines_does_not_hide_a_solution(talk: list[str]) -> None:
    said: list[str] = []
    blocked = False
    for number, line in enumerate(line for line in WASTE.splitlines() if line.strip()):
        text = f"{talk[number % len(talk)] if talk else ''} `{line.strip()}`"
        blocked = blocked or FIREWALL.examine(text, NOBODY, said) is not None
        said.append(text)
    assert blocked
