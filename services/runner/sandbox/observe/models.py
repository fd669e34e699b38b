"""Fitted models: scikit-learn estimators and statsmodels results."""

import sys
from collections.abc import Callable
from typing import Any

from .libraries import library

MAX_FIELDS = 60
_RESULTS = ("params", "nobs", "aic", "bic", "rsquared")


def is_model(value: Any) -> bool:
    """An object whose class itself comes from scikit-learn or statsmodels and is an estimator or a result."""
    kind = type(value)
    home = _home(kind)
    is_result = home.startswith("statsmodels.") and "Results" in kind.__name__
    return is_estimator(value) or (is_result and _stands_in(home, kind))


def is_estimator(value: Any) -> bool:
    """An object whose class itself comes from scikit-learn and is an estimator: nothing is called to describe it."""
    kind, base = type(value), library("sklearn.base")
    home = _home(kind)
    if base is None or not home.startswith("sklearn.") or not _stands_in(home, kind):
        return False
    return issubclass(kind, base.BaseEstimator)


def _stands_in(home: str, kind: type) -> bool:
    return vars(sys.modules.get(home, sys)).get(kind.__name__) is kind


def _home(kind: type) -> str:
    home = type.__dict__["__module__"].__get__(kind)
    return home if isinstance(home, str) else ""


def model_value(model: Any, describe: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """A model as a Value; `describe` turns a field into a Value."""
    kind = type(model)
    if _home(kind).startswith("statsmodels."):
        params: dict[str, Any] = {}
        fitted = {name: describe(value) for name in _RESULTS if (value := _field(model, name)) is not None}
    else:
        own = list(vars(model).items())
        public = [(name, value) for name, value in own if not name.startswith("_")]
        params = {n: describe(v) for n, v in public[:MAX_FIELDS] if not n.endswith("_")}
        fitted = {n: describe(v) for n, v in public[:MAX_FIELDS] if n.endswith("_")}
    return {
        "kind": "model",
        "class": _public_name(kind),
        "params": params,
        "fitted": fitted,
        "is_fitted": bool(fitted),
    }


def _field(model: Any, name: str) -> Any:
    try:
        return getattr(model, name, None)
    except Exception:  # a result may refuse what its model does not define
        return None


def _public_name(kind: type) -> str:
    packages = _home(kind).split(".")
    public = next((packages[:i] for i, part in enumerate(packages) if part.startswith("_")), packages)
    return ".".join([*public, kind.__name__])
