import builtins
import keyword
import re
from collections.abc import Collection, Iterable

from feedback.privacy.patterns import CONTACTS, IDENTITIES, SECRETS, applied
from services.contracts.notebook import Cell

MIN_NAME = 3
_PYTHON = frozenset(word.casefold() for word in (*keyword.kwlist, *keyword.softkwlist, *dir(builtins)))
_MARKS = frozenset(("name", "mail", "phone", "address", "token", "secret", "key"))
_SEPARATORS = re.compile(r"[\W_]+")


class Redactor:
    """Takes out of a text what a model's server has no business to know: names, addresses, keys.

    Args:
        user: the learner's sign-in name. Fewer than three letters, or a word of Python, says nothing about anybody
            and stays.
        public: identifiers of the notebook as it was handed out (`Voice.public`); they stay, too.

    A mark such as `[e-mail]` stands where something was. Redacting a redacted text changes nothing.
    """

    def __init__(self, user: str, public: Collection[str] = ()) -> None:
        self._name = _form(user, _PYTHON | _MARKS | {word.casefold() for word in public})

    def text(self, text: str) -> str:
        """The text without what identifies a person or opens a door."""
        clean = applied(IDENTITIES, applied(CONTACTS, applied(SECRETS, text)))
        return clean if self._name is None else self._name.sub("[name]", clean)

    def cells(self, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """The cells with their sources redacted, without metadata; ids stay, so that places still fit."""
        return tuple(cell.model_copy(update={"source": self.text(cell.source), "metadata": {}}) for cell in cells)


def _form(user: str, words: Collection[str]) -> re.Pattern[str] | None:
    """The sign-in name as a word of its own, also with its parts apart or the other way round.

    An attribute or a call (`table.max`, `max(…)`) is code, whatever it is called.
    """
    local = user.partition("@")[0]
    parts = [part for part in _SEPARATORS.split(local) if part]
    wanted = {local, user} if len(parts) < 2 else {local, user, " ".join(parts), " ".join(reversed(parts))}
    kept = [name for name in wanted if sum(c.isalpha() for c in name) >= MIN_NAME and name.casefold() not in words]
    if not kept:
        return None
    forms = {r"[ ._,-]{0,2}".join(re.escape(part) for part in name.split(" ")) for name in kept}
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(rf"(?<![\w.])(?:{'|'.join(longest_first)})(?![\w(])", re.IGNORECASE)
