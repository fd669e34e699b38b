"""bandit over one module, in half of the time that its own walk takes."""

import ast
import io
from collections.abc import Sequence
from typing import Any, Final, cast

from bandit.core.config import BanditConfig
from bandit.core.manager import BanditManager
from bandit.core.node_visitor import BanditNodeVisitor

_IDLE: Final = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
"""Nodes that have no place in the source and none below them."""
_METHODS: Final = frozenset(name.removeprefix("visit_") for name in dir(BanditNodeVisitor) if name.startswith("visit_"))
"""Nodes that bandit keeps account of (imports, names of functions), whether a test asks or not."""
_FILE: Final = "./notebook.py"
"""bandit asks the disk what package a file belongs to; one right in the (empty) working folder belongs to none."""


class _Visitor(BanditNodeVisitor):  # type: ignore[misc]
    """Asks bandit's tests about the nodes that one of them is about.

    bandit describes every node anew, lines and all, and looks for its tests afterwards; a node's description does not
    outlive it, so nothing is lost where no test asks.
    """

    def generic_visit(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for position, item in enumerate(value, start=1):
                    if isinstance(item, ast.AST):
                        self._enter(item, node, value[position] if position < len(value) else None)
            elif isinstance(value, ast.AST):
                self._enter(value, node, None)

    def _enter(self, node: Any, parent: ast.AST, sibling: object) -> None:
        if isinstance(node, _IDLE):
            return
        node._bandit_parent, node._bandit_sibling = parent, sibling
        if not self._is_asked_about(type(node)):
            self.generic_visit(node)
            return
        self.pre_visit(node)
        self.visit(node)
        self.generic_visit(node)
        self.post_visit(node)

    def _is_asked_about(self, kind: type[ast.AST]) -> bool:
        return kind.__name__ in self.testset.tests or kind.__name__ in _METHODS


class _Manager(BanditManager):  # type: ignore[misc]
    """bandit with that visitor."""

    def _execute_ast_visitor(self, fname: str, fdata: io.BytesIO, data: bytes, nosec_lines: dict[int, Any]) -> Any:
        visitor = _Visitor(fname, fdata, self.b_ma, self.b_ts, self.debug, nosec_lines, self.metrics)
        score = visitor.process(data)
        self.results.extend(visitor.tester.results)
        return score


def issues(source: str, tests: Sequence[str], *, manager: type[BanditManager] = _Manager) -> list[Any]:
    """Issues of these tests of bandit's. Raises `ValueError` when it could not read the source."""
    # Finding the comments that silence bandit means to cut the source into tokens: a seventh of all its time.
    silenced = "nosec" in source
    bandit = manager(BanditConfig(), "file", profile={"include": list(tests)}, ignore_nosec=not silenced)
    bandit._parse_file(_FILE, io.BytesIO(source.encode()), [_FILE])
    if bandit.skipped:
        raise ValueError("bandit could not read the module")
    return cast("list[Any]", bandit.results)
