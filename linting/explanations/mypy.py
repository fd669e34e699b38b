"""mypy's error codes, and why each common one matters."""

from linting.explanations.entry import Entry

DEFAULT = Entry(
    "types",
    "advice",
    "The types in the code contradict each other; an annotation is wrong, or a value comes from an unexpected place.",
)
CODES: dict[str, Entry] = {
    "arg-type": Entry(
        "types", "warning", "The function is made for another kind of value; it fails inside, far from this call."
    ),
    "assignment": Entry(
        "types", "warning", "The name promises one kind of value and holds another; code that trusts it fails."
    ),
    "attr-defined": Entry(
        "types", "warning", "There is no such attribute: the line raises AttributeError when it is reached."
    ),
    "call-arg": Entry(
        "types", "warning", "The call does not fit the function's parameters: it raises TypeError when it is reached."
    ),
    "call-overload": Entry("types", "warning", "No variant of the function takes these arguments together."),
    "dict-item": Entry(
        "types", "warning", "One entry is of another kind than the rest; code that loops over them trips on it."
    ),
    "exit-return": Entry(
        "types", "advice", "The annotation makes readers and tools believe that errors are swallowed here."
    ),
    "func-returns-value": Entry(
        "types", "warning", "The function returns nothing, so the name holds None from here on."
    ),
    "has-type": Entry("types", "advice", "The code depends on itself in a circle that a reader cannot resolve either."),
    "index": Entry("types", "warning", "A value of this kind cannot be indexed like this."),
    "list-item": Entry(
        "types", "warning", "One element is of another kind than the rest; code that loops over them trips on it."
    ),
    "name-defined": Entry(
        "correctness", "error", "It works only because the kernel still holds the name; from top to bottom it fails."
    ),
    "operator": Entry("types", "warning", "The operator is not defined for these two kinds of values."),
    "override": Entry("types", "warning", "Whoever uses the base class cannot use this class in its place."),
    "return": Entry("types", "warning", "On one way out the function returns None although it promises a value."),
    "return-value": Entry(
        "types", "warning", "The function gives back something else than its signature tells its callers."
    ),
    "str-format": Entry("correctness", "warning", "The format string and its values do not fit: the line fails."),
    "syntax": Entry("correctness", "error", "A checker cannot read this; neither can most editors."),
    "type-arg": Entry(
        "types", "advice", "The annotation leaves open what is inside; saying it documents the function."
    ),
    "typeddict-item": Entry("types", "warning", "The dictionary does not have the entries that its type promises."),
    "union-attr": Entry(
        "types", "warning", "In one of its cases (often None) the value has no such attribute; that case fails."
    ),
    "unused-coroutine": Entry("correctness", "error", "Without `await` the call does nothing at all."),
    "used-before-def": Entry(
        "correctness", "error", "From top to bottom the name does not exist yet; it works only on a second run."
    ),
    "valid-type": Entry(
        "types", "warning", "The annotation names no type, so neither tools nor readers learn anything from it."
    ),
}
"""Others are explained by `DEFAULT`."""

SURE = frozenset(
    {
        "arg-type",
        "assignment",
        "attr-defined",
        "call-arg",
        "func-returns-value",
        "name-defined",
        "return",
        "return-value",
    }
    | {"str-format", "syntax", "unused-coroutine", "used-before-def", "valid-type"}
)
"""Codes that weigh what `CODES` says as long as no library's type is involved; all others are advice."""


def url(code: str) -> str:
    """The code's documentation, by mypy's own permanent link."""
    return f"https://mypy.readthedocs.io/en/stable/_refs.html#code-{code}"
