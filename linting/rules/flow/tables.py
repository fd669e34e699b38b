"""What functions of pandas and NumPy, and methods of tables, make of their rows and columns."""

from dataclasses import replace

from linting.rules.flow.call import Call
from linting.rules.flow.value import (
    ARRAY,
    FRAME,
    INDEXER,
    SERIES,
    UNKNOWN,
    Columns,
    Fit,
    Value,
    learned,
    rows_of,
)

READERS = frozenset(
    {"read_clipboard", "read_csv", "read_excel", "read_feather", "read_fwf", "read_json", "read_orc", "read_parquet"}
    | {"read_sql", "read_sql_query", "read_sql_table", "read_table", "read_xml"}
)
"""They give one table, unless told to give it in pieces or one per sheet."""
IN_PIECES = ("chunksize", "iterator", "sheet_name", "typ")
FRAME_MAKERS = frozenset({"DataFrame", "get_dummies", "json_normalize", "melt", "merge", "merge_asof", "pivot_table"})
KEEP_COLUMNS = frozenset(
    {"assign", "astype", "bfill", "convert_dtypes", "copy", "drop_duplicates", "ffill", "fillna", "head"}
    | {"infer_objects", "interpolate", "nlargest", "nsmallest", "query", "replace", "reset_index", "round", "sample"}
    | {"sort_index", "sort_values", "tail", "tz_localize"}
)
"""Methods of a table whose result has all its columns."""
NEW_COLUMNS = frozenset(
    {"add_prefix", "add_suffix", "explode", "filter", "join", "melt", "merge", "pivot", "pivot_table", "rename"}
    | {"select_dtypes", "set_axis", "set_index"}
)
SOME_ROWS = frozenset({"head", "tail", "sample", "query", "nlargest", "nsmallest"})
STATISTICS = frozenset({"mean", "median", "std", "var", "min", "max", "quantile", "mode"})
LAGGING = frozenset({"shift", "diff", "pct_change"})
WINDOWS = frozenset({"rolling", "expanding", "ewm", "resample"})
SAME_VALUES = frozenset({"astype", "copy", "flatten", "ravel", "reshape", "round", "squeeze", "to_frame", "to_numpy"})
ELEMENTWISE = frozenset({"array", "asarray", "exp", "expm1", "ravel", "squeeze"})
WINDOW = "pandas.Window"


def function_result(function: str, call: Call) -> Value:
    """Of `pandas.read_csv(…)`, `numpy.log(…)` and so on; `function` is the full name."""
    package, _, name = function.partition(".")
    given = rows_of(*call.values)
    if package == "numpy":
        first = call.argument(0)
        return replace(rows_of(*call.all(), kind=ARRAY), prediction=first.prediction if name in ELEMENTWISE else None)
    if name in READERS and not call.keywords.keys() & set(IN_PIECES):
        return _table(call, Value(rows=frozenset({call.node})))
    if name in FRAME_MAKERS:
        return _table(call, given if given.rows else Value(rows=frozenset({call.node})))
    if name == "concat":
        return _table(call, given)
    if name == "Series":
        return replace(given, type=SERIES)
    return replace(given, type=SERIES) if call.argument(0).type == SERIES else given


def _table(call: Call, rows: Value) -> Value:
    return replace(rows, type=FRAME, made=call.node, columns=Columns(call.node))


def attribute(owner: Value, name: str) -> Value:
    """Of `table.loc`, `table.values`, `table.price`."""
    if name in {"loc", "iloc"}:
        return replace(owner, type=INDEXER)
    if name in {"shape", "columns", "index", "dtype", "dtypes", "size", "empty", "name", "ndim"}:
        return UNKNOWN
    if name == "values":
        return replace(owner, type=ARRAY, columns=None)
    if owner.type == FRAME and name != "T":
        return _column(owner, name)
    return rows_of(owner)


def selection(owner: Value, key: Value, is_filter: bool) -> Value:
    """Of `owner[key]`; `is_filter`: the key is a slice or a condition, so rows are chosen."""
    if owner.type == INDEXER:
        return _located(owner, key, is_filter)
    if owner.type == FRAME or (owner.type == "" and owner.columns is not None):
        if key.text is not None:
            return _column(owner, key.text)
        if key.texts is not None and owner.columns is not None:
            chosen = Columns(owner.columns.source, only=frozenset(key.texts))
            return replace(owner, columns=chosen)
        if is_filter:
            return _some(owner)
        return replace(rows_of(owner, kind=FRAME if key.elements is not None else ""))
    if owner.type == SERIES:
        return _some(owner) if is_filter else rows_of(owner)
    if owner.type == ARRAY:
        # `proba[:, 1]` has all rows; `X[:100]` has some.
        chosen_rows = is_filter and key.elements is None
        result = rows_of(owner, kind=ARRAY)
        result = replace(result, prediction=owner.prediction)
        return _some(result) if chosen_rows else result
    return rows_of(owner)


def _located(owner: Value, key: Value, is_filter: bool) -> Value:
    table = replace(owner, type=FRAME)
    if key.elements is None:
        return _some(table) if is_filter else rows_of(owner)
    chosen = key.elements[1] if len(key.elements) == 2 else UNKNOWN
    picked = selection(table, chosen, False) if chosen.text or chosen.texts else rows_of(owner)
    return _some(picked)


def _some(value: Value) -> Value:
    return replace(value, traits=value.traits | {"some_rows"})


def _column(owner: Value, name: str) -> Value:
    source = None if owner.columns is None else (name, owner.columns.source)
    return replace(rows_of(owner, kind=SERIES if owner.type == FRAME else ""), column=source)


def method_result(owner: Value, name: str, call: Call) -> Value:
    """Of a method of a table, a column or an array."""
    if name in STATISTICS and owner.type != WINDOW:
        return _statistic(owner, name, call)
    if name in LAGGING or name in WINDOWS:
        trait = "resampled" if name == "resample" else "lagged"
        kind = WINDOW if name in WINDOWS else owner.type
        return replace(rows_of(owner, kind=kind), traits=owner.traits | {trait})
    if owner.type == WINDOW:
        return rows_of(owner)
    if owner.type == FRAME:
        return _frame_method(owner, name, call)
    if name in SAME_VALUES:
        kind = ARRAY if name == "to_numpy" else owner.type
        said = None if name in {"astype", "round"} else owner.prediction
        return replace(owner, type=kind, prediction=said)
    return _filled(rows_of(owner, *call.all(), kind=owner.type if owner.type in {SERIES, ARRAY} else ""), owner, call)


def _frame_method(owner: Value, name: str, call: Call) -> Value:
    if name == "drop":
        return without_columns(owner, call)
    if name == "dropna":
        return owner if call.constant(0, "axis") in (None, 0, "index") else _table(call, rows_of(owner))
    if name in KEEP_COLUMNS:
        result = _filled(replace(owner, seen=owner.seen | rows_of(*call.all()).seen), owner, call)
        return _some(result) if name in SOME_ROWS else result
    if name in NEW_COLUMNS:
        return _table(call, rows_of(owner, *call.values))
    if name == "pop":
        return _column(owner, call.argument(0, "item").text or "")
    if name == "to_numpy":
        return replace(rows_of(owner), type=ARRAY)
    if name in {"groupby", "iterrows", "itertuples", "items"}:
        return UNKNOWN
    return rows_of(owner)


def without_columns(owner: Value, call: Call) -> Value:
    """Of `table.drop(…)`: unless rows are meant, the named columns are gone."""
    if "columns" in call.keywords or call.constant(1, "axis") in (1, "columns"):
        gone = call.argument(0, "columns", "labels")
        return lacking(owner, gone)
    return _some(owner)


def lacking(owner: Value, gone: Value) -> Value:
    """The table without these columns; when nobody can say which, nothing is known about the rest."""
    names = frozenset({gone.text} if gone.text is not None else gone.texts or ())
    if owner.columns is None or not names:
        return replace(owner, columns=None)
    only = None if owner.columns.only is None else owner.columns.only - names
    return replace(owner, columns=replace(owner.columns, only=only, lacks=owner.columns.lacks | names))


def _statistic(owner: Value, name: str, call: Call) -> Value:
    axis = call.keywords.get("axis")
    if not owner.rows or (axis is not None and call.constant(9, "axis") not in (0, "index")):
        return rows_of(owner)
    return Value(statistic=Fit(call.node, name, "statistic", owner, UNKNOWN))


def _filled(result: Value, owner: Value, call: Call) -> Value:
    """`column.fillna(column.mean())`: the mean of all rows is in the rows from now on."""
    return mixed(result, owner, *call.all())


def mixed(result: Value, *parts: Value) -> Value:
    """The result after statistics among the parts went into rows that they were taken of."""
    rows = frozenset[object]().union(*(p.rows for p in parts))
    fits = [p.statistic for p in parts if p.statistic is not None and p.statistic.data.rows & rows]
    return learned(result, *fits) if fits else result
