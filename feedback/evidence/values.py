"""A learner's value against the reference's, both as the runner wrote them down: compared here, outside the sandbox."""

from feedback.evidence import containers, tables
from feedback.evidence.contradictions import contradiction
from feedback.evidence.difference import Difference
from feedback.evidence.numbers import Tolerance
from feedback.evidence.plain import as_number, same, written
from services.contracts.case import Compare
from services.contracts.observation import Value

# What a forged or cut answer can raise while it is read. The learner's process wrote it: any shape is possible.
UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError)
NUMERIC = frozenset({"int", "float", "complex"})
# Settings of a model that change how it computes, not what.
COSMETIC = frozenset({"n_jobs", "verbose", "copy_X", "copy", "pre_dispatch", "memory", "verbose_feature_names_out"})


def differences(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    """Every way in which `actual` differs under this rule, most telling first; empty when they are equal.

    A value that contradicts itself, or cannot be read, differs.
    """
    try:
        odd = contradiction(actual)
        if odd is not None:
            return (Difference("unreadable", f"contradicts itself: {odd}"),)
        return _compare(expected, actual, rule)
    except UNREADABLE as error:
        return (Difference("unreadable", f"cannot be read: {type(error).__name__}"),)


def _compare(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    kind, found = expected["kind"], actual.get("kind")
    if kind != found:
        return (Difference("type", f"{_named(actual)} where the reference has {_named(expected)}"),)
    match kind:
        case "scalar":
            return _scalar(expected, actual, rule)
        case "text":
            return _text(expected, actual)
        case "list" | "tuple":
            return containers.sequence(expected, actual, rule, _compare)
        case "set" | "frozenset":
            return containers.unordered(expected, actual, rule, _compare)
        case "dict":
            return containers.mapping(expected, actual, rule, _compare)
        case "array":
            return tables.array(expected, actual, rule)
        case "series":
            return tables.series(expected, actual, rule)
        case "frame":
            return tables.frame(expected, actual, rule)
        case "index":
            return tables.run(expected, actual, rule, "labels")
        case "model":
            return _model(expected, actual, rule)
        case "function" | "module":
            same_name = kind == "function" or expected["name"] == actual["name"]
            return () if same_name else (Difference("type", f"module {actual['name']}"),)
    return (Difference("type", f"{_named(actual)} cannot be compared"),)


def _named(value: Value) -> str:
    return str(value.get("type") or value.get("class") or value.get("kind"))[:80]


def _scalar(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    family, found = expected["family"], actual["family"]
    numeric = family in NUMERIC and found in NUMERIC and rule.dtypes != "exact"
    if family != found and not numeric:
        return (Difference("type", f"{_named(actual)} where the reference has {_named(expected)}"),)
    if rule.dtypes == "exact" and expected["type"] != actual["type"]:
        return (Difference("type", f"{actual['type']} where the reference has {expected['type']}"),)
    if same(expected["value"], actual["value"], Tolerance.of(rule)):
        return ()
    fact = f"{written(actual['value'])[:100]} where the reference has {written(expected['value'])[:100]}"
    if as_number(actual["value"]) is not None and written(actual["value"]) == '{"f": "nan"}':
        return (Difference("missing_values", fact),)
    return (Difference("numbers" if family in NUMERIC else "values", fact),)


def _text(expected: Value, actual: Value) -> tuple[Difference, ...]:
    if (expected["type"] == "bytes") != (actual["type"] == "bytes"):
        return (Difference("type", f"{actual['type']} where the reference has {expected['type']}"),)
    if all(expected[key] == actual[key] for key in ("length", "hash", "value")):
        return ()
    return (Difference("text", f"{actual['value'][:100]!r} where the reference has {expected['value'][:100]!r}"),)


def _model(expected: Value, actual: Value, rule: Compare) -> tuple[Difference, ...]:
    if expected["class"] != actual["class"]:
        return (Difference("type", f"{_named(actual)} where the reference has {_named(expected)}"),)
    if expected.get("is_fitted") != actual.get("is_fitted"):
        return (Difference("values", f"fitted is {actual.get('is_fitted')}"),)
    found = _attributes(expected["params"], actual["params"], rule, "parameters")
    return found or _attributes(expected["fitted"], actual["fitted"], rule, "numbers")


def _attributes(
    expected: dict[str, Value], actual: dict[str, Value], rule: Compare, aspect: str
) -> tuple[Difference, ...]:
    # What the runner does not look into (an estimator's helper object) is the same on both sides or tells nothing.
    wanted = {k: v for k, v in expected.items() if k not in COSMETIC and v.get("kind") != "other"}
    for name, value in wanted.items():
        if name not in actual:
            return (Difference(aspect, f"{name} is absent"),)
        found = _compare(value, actual[name], rule)
        if found:
            return (Difference(aspect, f"{name}: {found[0].fact}"),)
    return ()
