"""Operators of machine learning and data analysis: faults that run without a word and make a result worthless."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

from case_uploader.ci.edits import Edit, Seen, Source
from case_uploader.format.python_source import bound_names

_Operator = Callable[[Source, Seen, "frozenset[str]"], Iterator[Edit]]

_METRICS: Final = {
    "mean_absolute_error": "mean_squared_error",
    "mean_squared_error": "mean_absolute_error",
    "root_mean_squared_error": "mean_absolute_error",
    "median_absolute_error": "mean_absolute_error",
    "r2_score": "explained_variance_score",
    "accuracy_score": "balanced_accuracy_score",
    "balanced_accuracy_score": "accuracy_score",
    "precision_score": "recall_score",
    "recall_score": "precision_score",
    "f1_score": "accuracy_score",
    "roc_auc_score": "average_precision_score",
    "average_precision_score": "roc_auc_score",
}
_SCORINGS: Final = {
    "neg_mean_absolute_error": "neg_mean_squared_error",
    "neg_mean_squared_error": "neg_mean_absolute_error",
    "neg_root_mean_squared_error": "neg_mean_absolute_error",
    "r2": "explained_variance",
    "accuracy": "balanced_accuracy",
    "f1": "accuracy",
    "roc_auc": "average_precision",
}
_AGGREGATES: Final = {
    "mean": "median",
    "median": "mean",
    "sum": "mean",
    "min": "max",
    "max": "min",
    "idxmin": "idxmax",
    "idxmax": "idxmin",
    "argmin": "argmax",
    "argmax": "argmin",
    "abs": "square",
}
_SPLITTERS: Final = {"StratifiedKFold": "KFold", "TimeSeriesSplit": "KFold", "GroupKFold": "KFold"}
_NAN: Final = frozenset({"fillna", "dropna", "ffill", "bfill", "interpolate"})
_TIDY: Final = frozenset({"drop_duplicates", "sort_values", "sort_index", "reset_index", "copy", "strip", "lower"})
_WINDOWS: Final = frozenset({"shift", "rolling", "diff", "head", "tail", "pct_change", "range"})
_SEEDS: Final = frozenset({"random_state", "seed"})
_SIZES: Final = frozenset({"test_size", "train_size", "n_splits"})
_KNOWN = re.compile(r"train|known|past|history", re.IGNORECASE)


def learning_edits(source: Source, known: frozenset[str]) -> Iterator[Edit]:
    """Every fault of this kind in one cell; `known` are the names that exist where it runs."""
    names = known | bound_names(source.tree.body) | {n.id for n in ast.walk(source.tree) if isinstance(n, ast.Name)}
    for seen in source.nodes():
        for operator in _OPERATORS:
            yield from operator(source, seen, names)


def _made(source: Source, seen: Seen, operator: str, title: str, span: tuple[int, int], text: str) -> Edit:
    return Edit(*span, text, operator, "ml", title, source.line_at(span[0]), seen.in_definition)


def _method(node: ast.AST) -> str | None:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _attribute_span(source: Source, node: ast.Attribute) -> tuple[int, int]:
    end = source.span(node)[1]
    return end - len(node.attr), end


def _test_instead_of_train(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:
    """`fit` sees the test part; `score` and `predict` are asked about the training part."""
    node, method = seen.node, _method(seen.node)
    if not isinstance(node, ast.Call) or method is None:
        return
    if method in ("fit", "fit_transform"):
        yield from _exchanged(source, seen, node, names, ("train", "test"), "fit-on-test")
    elif method in ("score", "predict", "predict_proba"):
        yield from _exchanged(source, seen, node, names, ("test", "train"), "score-on-train")
    elif method == "transform":
        span = _attribute_span(source, node.func) if isinstance(node.func, ast.Attribute) else (0, 0)
        yield _made(source, seen, "fit-on-test", "transform fits anew on what it is given", span, "fit_transform")


def _exchanged(
    source: Source, seen: Seen, call: ast.Call, names: frozenset[str], words: tuple[str, str], operator: str
) -> Iterator[Edit]:
    old, new = words
    if not call.args:
        return
    start, end = source.span(call.args[0])[0], source.span(call.args[-1])[1]
    text = source.text[start:end]
    found = [n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name) and old in n.id]
    if found and all(name.replace(old, new) in names for name in found):
        changed = text.replace(old, new)
        yield _made(source, seen, operator, f"{text[:40]} became {changed[:40]}", (start, end), changed)


def _all_rows(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """Rows that were chosen as known become all rows: what is to be foretold leaks into what is known."""
    node = seen.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    index = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    if isinstance(index, ast.Name) and _KNOWN.search(index.id):
        title = f"all rows instead of {index.id}"
        yield _made(source, seen, "leakage", title, source.span(index), ":")


def _future(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """A shift into the other direction, or a hole filled from what comes after it."""
    node, method = seen.node, _method(seen.node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if method == "shift" and node.args:
        start, end = source.span(node.args[0])
        title = "the shift reaches into the future"
        yield _made(source, seen, "leakage", title, (start, end), f"-({source.text[start:end]})")
    if method in ("ffill", "bfill"):
        other = "bfill" if method == "ffill" else "ffill"
        title = f"{method} became {other}: holes are filled from the other side"
        yield _made(source, seen, "leakage", title, _attribute_span(source, node.func), other)
    if method == "rolling":
        end = source.span(node)[1] - 1
        title = "the window is centred: half of it is the future"
        yield _made(source, seen, "leakage", title, (end, end), ", center=True" if node.args or node.keywords else "")


def _split(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """Another part of the data is set aside, or the parts are taken for each other."""
    node = seen.node
    if isinstance(node, ast.Call) and _called(node) == "train_test_split":
        for word in node.keywords:
            if word.arg == "shuffle" and isinstance(word.value, ast.Constant):
                text = "True" if word.value.value is False else "False"
                title = f"shuffle became {text}"
                yield _made(source, seen, "wrong-split", title, source.span(word.value), text)
    if isinstance(node, ast.keyword) and node.arg in _SIZES and isinstance(node.value, ast.Constant):
        old = node.value.value
        if isinstance(old, int | float):
            size = str(old + 1) if isinstance(old, int) else repr(round(old * 0.6, 3))
            title = f"{node.arg} became {size}"
            yield _made(source, seen, "wrong-split", title, source.span(node.value), size)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and _is_split(node.value):
        yield from _swapped_parts(source, seen, node.targets[0])
    if isinstance(node, ast.Call) and _called(node) in _SPLITTERS and isinstance(node.func, ast.Name):
        old = node.func.id
        operator = "dropped-stratification" if old.startswith("Stratified") else "wrong-split"
        text = f'__import__("sklearn.model_selection", fromlist=["KFold"]).{_SPLITTERS[old]}'
        title = f"{old} became {_SPLITTERS[old]}"
        yield _made(source, seen, operator, title, source.span(node.func), text)


def _is_split(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and _called(value) == "train_test_split"


def _swapped_parts(source: Source, seen: Seen, target: ast.Tuple) -> Iterator[Edit]:
    texts = [source.text_of(part) for part in target.elts]
    swapped = [texts[at ^ 1] if at ^ 1 < len(texts) else texts[at] for at in range(len(texts))]
    span = source.span(target.elts[0])[0], source.span(target.elts[-1])[1]
    yield _made(source, seen, "wrong-split", "training and test part are exchanged", span, ", ".join(swapped))


def _stratification(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    node = seen.node
    if isinstance(node, ast.keyword) and node.arg == "stratify" and not _is_none(node.value):
        title = "the parts are not stratified"
        yield _made(source, seen, "dropped-stratification", title, source.span(node.value), "None")


def _metric(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """Another measure than was asked for."""
    node = seen.node
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _METRICS:
        new = _METRICS[node.id]
        text = f'__import__("sklearn.metrics", fromlist=["{new}"]).{new}'
        yield _made(source, seen, "wrong-metric", f"{node.id} became {new}", source.span(node), text)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in _SCORINGS:
        new = _SCORINGS[node.value]
        yield _made(source, seen, "wrong-metric", f"{node.value} became {new}", source.span(node), repr(new))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _AGGREGATES:
        old, new = node.func.attr, _AGGREGATES[node.func.attr]
        title = f"{old} became {new}"
        yield _made(source, seen, "wrong-metric", title, _attribute_span(source, node.func), new)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        new = _AGGREGATES[node.func.id]
        yield _made(source, seen, "wrong-metric", f"{node.func.id} became {new}", source.span(node.func), new)


def _seed(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    node = seen.node
    if isinstance(node, ast.keyword) and node.arg in _SEEDS and not _is_none(node.value):
        yield _made(source, seen, "no-seed", f"{node.arg} is not set", source.span(node.value), "None")
    elif isinstance(node, ast.Call) and _called(node) == "default_rng" and node.args:
        span = source.span(node.args[0])[0], source.span(node.args[-1])[1]
        yield _made(source, seen, "no-seed", "the generator has no seed", span, "")


def _window(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """One more at the edge of a window, a range or a slice."""
    node = seen.node
    if isinstance(node, ast.Call) and _called(node) in _WINDOWS:
        for argument in node.args[:2]:
            if not isinstance(argument, ast.Starred):
                yield from _one_more(source, seen, argument)
    elif isinstance(node, ast.Slice):
        for bound in (node.lower, node.upper):
            if bound is not None and _is_number(bound):
                yield from _one_more(source, seen, bound)


def _one_more(source: Source, seen: Seen, node: ast.expr) -> Iterator[Edit]:
    start, end = source.span(node)
    text = source.text[start:end]
    yield _made(source, seen, "off-by-one-window", f"{text[:40]} became {text[:40]} + 1", (start, end), f"({text}) + 1")


def _is_number(node: ast.expr) -> bool:
    """Not a label (`"1961":`), to which nothing can be added."""
    return not any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node))


def _dropped_call(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """A step of tidying is forgotten; for missing values that is the silent NaN."""
    node, method = seen.node, _method(seen.node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or method is None:
        return
    if method in _NAN | _TIDY:
        operator = "silent-nan" if method in _NAN else "drop-step"
        span = source.span(node.func.value)[1], source.span(node)[1]
        yield _made(source, seen, operator, f".{method}() is gone", span, "")
    if method == "isna":
        span = _attribute_span(source, node.func)
        yield _made(source, seen, "silent-nan", "isna became notna", span, "notna")


def _column(source: Source, seen: Seen, names: frozenset[str]) -> Iterator[Edit]:  # noqa: ARG001
    """Another column of those that the cell speaks of."""
    node = seen.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load) or not _is_text(node.slice):
        return
    slices = [n.slice for n in ast.walk(source.tree) if isinstance(n, ast.Subscript)]
    columns = sorted({n.value for n in slices if isinstance(n, ast.Constant) and isinstance(n.value, str)})
    if len(columns) > 1 and isinstance(node.slice, ast.Constant):
        old = str(node.slice.value)
        new = columns[(columns.index(old) + 1) % len(columns)]
        yield _made(source, seen, "wrong-column", f"{old} became {new}", source.span(node.slice), repr(new))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


_OPERATORS: Final[tuple[_Operator, ...]] = (
    _test_instead_of_train,
    _all_rows,
    _future,
    _split,
    _stratification,
    _metric,
    _seed,
    _window,
    _dropped_call,
    _column,
)
