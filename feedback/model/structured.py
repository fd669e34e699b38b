"""Answers that are documents: asked for with a schema, validated when they are whole, read while they arrive."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from feedback.model.port import BadAnswer, ChatModel, ModelAnswer, ModelRequest, complete
from feedback.model.schema import schema_of

T = TypeVar("T", bound=BaseModel)

_schema_of = cache(schema_of)


def asking_for(request: ModelRequest, kind: type[BaseModel]) -> ModelRequest:
    """The same request, with the schema that makes the answer a `kind`."""
    return replace(request, schema=_schema_of(kind))


def parsed(answer: ModelAnswer, kind: type[T]) -> T:
    """The document that an answer is. Raises `BadAnswer` when it is cut, not JSON or not a `kind`.

    The message says where it went wrong and never what was there: it may be a learner's text.
    """
    if answer.truncated or answer.finish != "stop":
        raise BadAnswer("the document was cut before its end")
    try:
        return kind.model_validate_json(answer.text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in kind.model_fields)
        raise BadAnswer(f"the document is not a {kind.__name__} ({first['type']} at {place or 'its top'})") from None


async def structured(model: ChatModel, request: ModelRequest, kind: type[T]) -> T:
    """Ask for a document of that kind. Raises ModelError; `BadAnswer` when it is another."""
    return parsed(await complete(model, asking_for(request, kind)), kind)


@dataclass(frozen=True)
class Member:
    """A member of the document, or an item of a member that is a list, now complete."""

    key: str
    index: int | None
    """Place in the list; None for a member that is no list."""
    value: Any


class DocumentReader:
    """Reads a document while it arrives: an object whose members are values or lists.

    Nothing that it gives is validated yet; `parsed` does that at the end.

    Args:
        kind: of the document. An item that is an object is complete when its closing bracket and what comes next have
            arrived; where its fields are known, when it has all of them and the last one is a string that has ended.
    """

    def __init__(self, kind: type[BaseModel] | None = None) -> None:
        self._fields = _fields_of_items(kind) if kind else {}
        self._text = ""
        self._given: dict[str, int] = {}
        self._grown: dict[str, int] = {}

    def push(self, piece: str) -> list[Member]:
        """Take the next piece; returns what became complete, in the document's order. Raises `BadAnswer`."""
        self._text += piece
        document = self._read(strings=False)
        keys = list(document)
        found: list[Member] = []
        for key in keys:
            found += self._complete(key, document[key], last=key == keys[-1])
        return found

    def end(self) -> list[Member]:
        """What only the end completes. Raises `BadAnswer` when the document is not whole."""
        try:
            document = from_json(self._text)
        except ValueError:
            raise BadAnswer("the answer is not JSON") from None
        if not isinstance(document, dict):
            raise BadAnswer("the answer is no JSON object")
        return [member for key, value in document.items() for member in self._complete(key, value, last=False)]

    def grown(self, key: str) -> str:
        """What was added, since the last call, to a member that is a string and may not be complete."""
        value = self._read(strings=True).get(key)
        if not isinstance(value, str):
            return ""
        added = value[self._grown.get(key, 0) :]
        self._grown[key] = len(value)
        return added

    def _read(self, *, strings: bool) -> dict[str, Any]:
        if not self._text.strip():
            return {}
        try:
            document = from_json(self._text, allow_partial="trailing-strings" if strings else True)
        except ValueError:
            raise BadAnswer("the answer is not JSON") from None
        if not isinstance(document, dict):
            raise BadAnswer("the answer is no JSON object")
        return document

    def _complete(self, key: str, value: Any, *, last: bool) -> list[Member]:
        """Only what is last in the document may be unfinished, and a string never is: unfinished ones are left out."""
        given = self._given.get(key, 0)
        items = value if isinstance(value, list) else [value]
        count = len(items)
        if last and items and not (isinstance(items[-1], str) or self._has_all(key, items[-1])):
            count -= 1
        self._given[key] = max(given, count)
        whole = isinstance(value, list)
        return [Member(key, index if whole else None, items[index]) for index in range(given, count)]

    def _has_all(self, key: str, item: Any) -> bool:
        """Whether nothing more can come to an item. Unfinished strings are left out, so the last one has ended."""
        fields = self._fields.get(key)
        return (
            fields is not None
            and isinstance(item, dict)
            and fields <= item.keys()
            and isinstance(next(reversed(item.values())), str)
        )


@cache
def _fields_of_items(kind: type[BaseModel]) -> dict[str, frozenset[str]]:
    """The fields of each member of a document that is a list of objects."""
    lists = {name: get_args(field.annotation) for name, field in kind.model_fields.items()}
    return {
        name: frozenset(of[0].model_fields)
        for name, of in lists.items()
        if of and isinstance(of[0], type) and issubclass(of[0], BaseModel)
    }
