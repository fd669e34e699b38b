"""Reading Python beside other threads that do."""

import ast

import pytest

from services.kit.syntax import tree_of


def test_what_another_thread_has_spoilt_is_read_again(monkeypatch):
    parse, spoilt = ast.parse, [SystemError("AST constructor recursion depth mismatch (before=33, after=37)")] * 2

    def sometimes(source):
        if spoilt:
            raise spoilt.pop()
        return parse(source)

    monkeypatch.setattr(ast, "parse", sometimes)
    assert ast.dump(tree_of("x = 1")) == ast.dump(parse("x = 1"))


@pytest.mark.parametrize(("source", "error"), [("x =", SyntaxError), ("x = 1\0", (SyntaxError, ValueError))])
def test_what_is_no_python_is_refused_as_ast_does(source, error):
    with pytest.raises(error):
        tree_of(source)


def test_what_python_itself_cannot_read_is_told(monkeypatch):
    def never(_):
        raise SystemError("it never can")

    monkeypatch.setattr(ast, "parse", never)
    with pytest.raises(SystemError, match="never"):
        tree_of("x = 1")
