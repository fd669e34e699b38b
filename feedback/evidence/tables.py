"""Arrays, series and frames."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from feedback.evidence.difference import Difference, counted
from feedback.evidence.elements import content_aspect, same_elements, same_hash, same_mix
from feedback.evidence.numbers import Tolerance
from feedback.evidence.plain import same_all, written
from services.contracts.case import Compare
from services.contracts.observation import Value


def run(expected: Value, actual: Value, rule: Compare, what: str = "elements") -> tuple[Difference, ...]:
    """One run of elements: length, data type, missing ones, content, order."""
    if expected["length"] != actual["length"]:
        return (counted("length", what, expected["length"], actual["length"]),)
    found = list(_data_type(expected, actual, rule, what))
    tolerance, ordered = Tolerance.of(rule), rule.order == "exact"
    if expected["nulls"] != actual["nulls"]:
        found.append(counted("missing_values", f"missing {what}", expected["nulls"], actual["nulls"]))
    elif not same_elements(expected, actual, tolerance, ordered=ordered):
        found.append(_content(expected, actual, tolerance, what, ordered=ordered))
    return tuple(found)


def _data_type(expected: Value, actual: Value, rule: Compare, what: str) -> tuple[Difference, ...]:
    key = {"exact": "dtype", "kind": "family"}.get(rule.dtypes)
    # An empty run says nothing about its kind: pandas itself makes it object or float as it pleases.
    if key is None or expected[key] == actual[key] or (key == "family" and expected["length"] == 0):
        return ()
    return (Difference("dtypes", f"{what} are {actual['dtype']} where the reference has {expected['dtype']}"),)


def _content(expected: Value, actual: Value, tolerance: Tolerance, what: str, *, ordered: bool) -> Difference:
    if ordered and same_elements(expected, actual, tolerance, ordered=False):
        return Difference("order", f"the same {what} in another order")
    return Difference(content_aspect(expected), f"{what} differ from the reference's")


def array(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    """A NumPy array; when the order is ignored, the rows of two dimensions stay together."""
    if expected["shape"] != actual["shape"]:
        trend = counted("shape", "rows", _first(expected["shape"]), _first(actual["shape"])).trend
        same_rows = _first(expected["shape"]) == _first(actual["shape"])
        fact = f"shape {actual['shape']} where the reference has {expected['shape']}"
        return (Difference("shape", fact, None if same_rows else trend),)
    found = run(expected, actual, rule)
    tolerance = Tolerance.of(rule)
    if found or rule.order == "exact" or len(expected["shape"]) != 2 or "values" not in expected:
        return found
    if same_hash(expected.get("rows"), actual.get("rows"), tolerance, ordered=False):
        return ()
    same = _same_rows(_rows(expected), _rows(actual), tolerance)
    return () if same else (Difference(content_aspect(expected), "the rows differ"),)


def _first(shape: Sequence[int]) -> int:
    return shape[0] if shape else 1


def _same_rows(rows: Sequence[Sequence[Any]], others: Sequence[Sequence[Any]], tolerance: Tolerance) -> bool:
    left = list(others)
    for row in rows:
        at = next((i for i, other in enumerate(left) if same_all(row, other, tolerance)), None)
        if at is None:
            return False
        del left[at]
    return True


def _rows(value: Value) -> list[list[Any]]:
    count, width = value["shape"]
    return [value["values"][at * width : (at + 1) * width] for at in range(count)]


def series(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    """A pandas Series. Its name does not count; its labels do where they mean something."""
    found = run(expected, actual, rule)
    if any(d.aspect in ("length", "missing_values") for d in found) or not _labels_count(expected["index"]):
        return found
    tolerance, ordered = Tolerance.of(rule), rule.order == "exact"
    if not ordered and same_hash(expected.get("pairs"), actual.get("pairs"), tolerance, ordered=False):
        return tuple(d for d in found if d.aspect == "dtypes")
    return found + _labels(expected, actual, tolerance, ordered=ordered)


def _labels_count(index: Value) -> bool:
    """Whether the reference's labels say something: unnamed whole numbers are usually left over from a filter."""
    named = any(name is not None for name in index["names"])
    return not index["default"] and (named or index["family"] != "int")


def _labels(expected: Value, actual: Value, tolerance: Tolerance, *, ordered: bool) -> tuple[Difference, ...]:
    one, other = expected["index"], actual["index"]
    if one["levels"] != other["levels"] or not same_elements(one, other, tolerance, ordered=False):
        return (Difference("index", "the row labels are not the reference's"),)
    if ordered and not same_elements(one, other, tolerance, ordered=True):
        return (Difference("order", "the row labels come in another order"),)
    return ()


def frame(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    """A pandas DataFrame: columns, rows, data types, missing values, labels, content, order."""
    found = _columns(expected["columns"], actual["columns"], rule)
    rows, other_rows = expected["shape"][0], actual["shape"][0]
    if rows != other_rows:
        return (counted("shape", "rows", rows, other_rows), *found)
    if found:
        return found
    pairs = _paired(expected, actual)
    typed = _merged("dtypes", [(n, _data_type(e, a, rule, written(n))) for n, e, a in pairs])
    empty = _missing(pairs)
    return (*typed, *(empty or _rows_differ(expected, actual, pairs, rule)))


def _columns(expected: Sequence[Any], actual: Sequence[Any], rule: Compare) -> tuple[Difference, ...]:
    wanted, found = [written(c) for c in expected], [written(c) for c in actual]
    count, other = Counter(wanted), Counter(found)
    lacking, extra = list((count - other).elements()), list((other - count).elements())
    if lacking or (extra and rule.columns != "at_least"):
        trend = counted("columns", "columns", len(wanted), len(found)).trend
        fact = f"without {', '.join(lacking[:8]) or 'none'}, with extra {', '.join(extra[:8]) or 'none'}"
        return (Difference("columns", fact[:300], trend if len(wanted) != len(found) else None),)
    if rule.columns == "exact" and wanted != found:
        return (Difference("columns", f"the columns in another order: {', '.join(found[:8])}"[:300]),)
    return ()


def _paired(expected: Value, actual: Value) -> list[tuple[Any, Value, Value]]:
    """Columns of the same name; among several of one name, in order."""
    by_name: dict[str, list[Value]] = {}
    for column in actual["data"]:
        by_name.setdefault(written(column["name"]), []).append(column)
    pairs = []
    for column in expected["data"]:
        same_name = by_name.get(written(column["name"]))
        if not same_name:
            # Beyond the 200 columns that are written down one by one.
            continue
        pairs.append((column["name"], column, same_name.pop(0)))
    return pairs


def _merged(aspect: str, found: Sequence[tuple[Any, tuple[Difference, ...]]]) -> tuple[Difference, ...]:
    facts = [difference.fact for _, some in found for difference in some]
    return (Difference(aspect, "; ".join(facts[:4])[:400]),) if facts else ()


def _missing(pairs: Sequence[tuple[Any, Value, Value]]) -> tuple[Difference, ...]:
    odd = [(n, e["nulls"], a["nulls"]) for n, e, a in pairs if e["nulls"] != a["nulls"]]
    if not odd:
        return ()
    total, found = sum(e for _, e, _ in odd), sum(a for _, _, a in odd)
    where = ", ".join(written(name) for name, _, _ in odd[:4])
    return (Difference("missing_values", f"{found} in {where}; the reference has {total}", _trend(total, found)),)


def _trend(expected: int, actual: int) -> Any:
    return None if expected == actual else ("more" if actual > expected else "fewer")


def _rows_differ(
    expected: Value, actual: Value, pairs: Sequence[tuple[Any, Value, Value]], rule: Compare
) -> tuple[Difference, ...]:
    tolerance, ordered = Tolerance.of(rule), rule.order == "exact"
    labels = _labels(expected, actual, tolerance, ordered=ordered) if _labels_count(expected["index"]) else ()
    if _same_rows_of_frames(expected, actual, pairs, tolerance, ordered=ordered):
        return labels
    if ordered and _same_rows_of_frames(expected, actual, pairs, tolerance, ordered=False):
        return (Difference("order", "the same rows in another order"),)
    odd = [(n, e) for n, e, a in pairs if not same_elements(e, a, tolerance, ordered=ordered)]
    aspect = content_aspect(odd[0][1]) if odd else "values"
    where = ", ".join(written(name) for name, _ in odd[:4]) or "how the columns go together"
    return (Difference(aspect, f"content differs in {where}"[:400]), *labels)


def _same_rows_of_frames(
    expected: Value, actual: Value, pairs: Sequence[tuple[Any, Value, Value]], tolerance: Tolerance, *, ordered: bool
) -> bool:
    alike = len(expected["columns"]) == len(actual["columns"])
    if alike and same_hash(expected.get("hash"), actual.get("hash"), tolerance, ordered=ordered):
        return True
    if not all(same_elements(e, a, tolerance, ordered=ordered) for _, e, a in pairs):
        return False
    if len(pairs) != len(expected["columns"]):
        return False
    # Column by column is enough in order; without an order the rows must also hang together.
    if ordered or len(pairs) == 1:
        return True
    if all("values" in column for _, e, a in pairs for column in (e, a)):
        rows, others = (list(zip(*(pair[side]["values"] for pair in pairs), strict=True)) for side in (1, 2))
        return _same_rows(rows, others, tolerance)
    return not alike or same_mix(expected, actual)
