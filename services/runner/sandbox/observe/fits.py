"""What models are fitted on and then asked about, seen while code runs once more."""

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

from .libraries import library
from .rows import beside

_FIT = "fit"
_ASKED = ("predict", "predict_proba", "decision_function", "transform", "score")
MAX_FITS = 500
"""Models that are kept, with the rows they were fitted on."""


def fits(run: Callable[[], None]) -> dict[str, Any] | None:
    """Have code run once more, and say of all models how their rows lie; None where none was seen.

    Code that stops says what was seen until then: it has run before, and need not be made to be run twice.
    """
    base = library("sklearn.base")
    if base is None:
        return None
    seen = _Seen()
    with _watched(_classes(base.BaseEstimator), seen), suppress(Exception):
        run()
    if not seen.asked:
        return None
    return {"kind": "fits", "asked": seen.asked, "rows": seen.rows, "shared": seen.shared, "later": seen.later}


class _Seen:
    """What came of all models; only the outermost call counts, as a pipeline fits and asks its parts itself."""

    def __init__(self) -> None:
        self.asked = self.rows = self.shared = self.later = 0
        self._depth = 0
        self._fitted: dict[int, tuple[Any, Any]] = {}

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(model: Any, *args: Any, **kwargs: Any) -> Any:
            if self._depth == 0:
                self._note(name, model, args[0] if args else kwargs.get("X"))
            self._depth += 1
            try:
                return function(model, *args, **kwargs)
            finally:
                self._depth -= 1

        return call

    def _note(self, name: str, model: Any, rows: Any) -> None:
        if name == _FIT:
            if len(self._fitted) < MAX_FITS:
                # With the model itself: its id is not given to another then.
                self._fitted[id(model)] = (model, rows)
            return
        fitted = self._fitted.get(id(model))
        found = beside(fitted[1], rows) if fitted is not None else None
        # What is asked about the very rows it was fitted on is no test, and is not meant as one.
        if found is not None and not found.same:
            self.asked += 1
            self.rows += found.rows
            self.shared += found.shared
            self.later += found.later


def _classes(base: type) -> set[type]:
    """All estimators there are, and what they have their methods from."""
    found: set[type] = set()
    queue = [base]
    while queue:
        kind = queue.pop()
        found.update(one for one in kind.__mro__ if one is not object)
        queue += type.__subclasses__(kind)
    return found


@contextmanager
def _watched(classes: set[type], seen: _Seen) -> Iterator[None]:
    changed: list[tuple[Any, str, Any]] = []
    try:
        for kind in classes:
            for name in (_FIT, *_ASKED):
                method: Any = vars(kind).get(name)
                # Some are there for some settings only: what is called is inside.
                place, inside = (kind, name) if isinstance(method, types.FunctionType) else (method, "fn")
                inner = method if place is kind else getattr(method, "fn", None)
                if isinstance(inner, types.FunctionType):
                    changed.append((place, inside, inner))
                    setattr(place, inside, seen.around(name, inner))
        yield
    finally:
        for place, inside, inner in changed:
            setattr(place, inside, inner)
