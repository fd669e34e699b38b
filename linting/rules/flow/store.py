import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from linting.rules.flow.value import UNKNOWN, Fit, Value
from linting.rules.nodes import children


@dataclass(slots=True)
class Store:
    """What is known at one point of the module: what names hold, and how estimators were fitted."""

    names: dict[str, Value] = field(default_factory=dict)
    fits: dict[ast.Call, Fit] = field(default_factory=dict)
    """The call that made an estimator -> its last fit."""
    lost: set[ast.Call] = field(default_factory=set)
    """Estimators that code of unknown effect has seen."""

    def copy(self) -> "Store":
        """The same knowledge, to be changed apart."""
        return Store(dict(self.names), dict(self.fits), set(self.lost))

    def meet(self, other: "Store") -> None:
        """Keep only what both ways to this point agree on."""
        for name in self.names.keys() | other.names.keys():
            if self.names.get(name) != other.names.get(name):
                self.names[name] = UNKNOWN
        for made in self.fits.keys() | other.fits.keys():
            if self.fits.get(made) is not other.fits.get(made):
                self.fits.pop(made, None)
                self.lost.add(made)
        self.lost |= other.lost

    def forget(self, names: Iterable[str]) -> None:
        """These names may hold anything."""
        for name in names:
            self.names[name] = UNKNOWN

    def lose(self, value: Value) -> None:
        """Code of unknown effect has got hold of the value: it may have fitted it or changed its columns."""
        self.lose_estimator(value)
        if value.columns is not None:
            for name, held in self.names.items():
                if held.columns is not None and held.columns.source is value.columns.source:
                    self.names[name] = replace(held, columns=None)

    def lose_estimator(self, value: Value) -> None:
        """The same for estimators only: a container or an attribute holds it too."""
        if value.made is not None and value.columns is None:
            self.fits.pop(value.made, None)
            self.lost.add(value.made)


_MAY_BIND: Final = frozenset(
    {ast.Name, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Import, ast.ImportFrom}
    | {ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Subscript}
)


def bound_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every name that the statements bind, nested functions' own names left out."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        # Most nodes bind nothing; matching each against every pattern below took a quarter of all rules' time.
        if type(node) not in _MAY_BIND:
            waiting.extend(children(node))
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Lambda():
                continue
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                # Writing into a table inside of a branch changes what is known about it.
                yield name
        waiting.extend(children(node))
