"""JSON schemas in the form in which every grammar backend takes them."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

_NOISE: Final = frozenset({"title", "default", "examples", "description", "discriminator", "$defs", "format"})
_REFUSED: Final = frozenset({"uniqueItems"})
"""vLLM answers 400 to these, with guidance as with xgrammar; whoever asks validates them all the same."""


def schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    """The schema of `kind` without references; objects have exactly their members, all of them, in their order.

    Raises `TypeError` for a model that contains itself: a grammar without end would end in `max_tokens`.
    """
    schema = kind.model_json_schema()
    return _object(schema, schema.get("$defs", {}), ())


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        if name in inside:
            raise TypeError(f"{name} contains itself, which an answer's schema cannot")
        return _object(definitions[name], definitions, (*inside, name))
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NOISE or key in _REFUSED:
            continue
        made[key] = _value(key, value, definitions, inside)
    if "properties" in made:
        made |= {"required": list(made["properties"]), "additionalProperties": False}
    return made


def _value(key: str, value: Any, definitions: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    # Member names of `properties` are data: a member may be called "title".
    if key == "properties":
        return {name: _object(member, definitions, inside) for name, member in value.items()}
    if key in {"enum", "const", "required"}:
        return value
    match value:
        case Mapping():
            return _object(value, definitions, inside)
        case list():
            return [_object(item, definitions, inside) if isinstance(item, Mapping) else item for item in value]
    return value
