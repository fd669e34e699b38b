"""Text as learners write it, in a database that knows no character NUL.

SQLite keeps `"\\0"`, PostgreSQL refuses the whole row for it. It is kept as U+10FFFF, which Unicode reserves for a
program's own use and which takes one place as well, so that columns of a limited length need no other limit. A text
that holds U+10FFFF itself comes back with NUL in its place.
"""

import json
import re
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown, TextLoader

_NUL: Final = "\0"
_KEPT: Final = "\U0010ffff"
_ESCAPED: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""NUL as JSON writes it; not a backslash that is followed by `u0000`."""


class _Dumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace(_NUL, _KEPT))


class _Loader(TextLoader):
    def load(self, data: Buffer) -> str:
        text = super().load(data)
        assert isinstance(text, str)
        return text.replace(_KEPT, _NUL)


def take_any_text(connection: AsyncConnection[Any]) -> None:
    """Let this connection keep and give back NUL in text."""
    connection.adapters.register_dumper(str, _Dumper)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, _Loader)


def dumped(value: Any) -> str:
    """JSON for a column of JSON."""
    return _ESCAPED.sub(rf"\1{_KEPT}", json.dumps(value))


def loaded(text: str | bytes) -> Any:
    """What a column of JSON holds."""
    written = text if isinstance(text, str) else text.decode()
    return json.loads(written.replace(_KEPT, r"\u0000"))
