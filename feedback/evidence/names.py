import builtins
import re

from feedback.evidence.clues import NameMissing
from services.contracts.case import Check
from services.contracts.finding import Evidence
from services.contracts.observation import CodeError

_NOT_DEFINED = re.compile(r"name '([^\W\d]\w{0,99})' is not defined")
_BUILTIN = frozenset(dir(builtins))


def undefined(error: CodeError | None) -> str | None:
    """The name that a NameError is about, or None."""
    if error is None or error.type not in ("NameError", "UnboundLocalError"):
        return None
    found = _NOT_DEFINED.search(error.message)
    return found.group(1) if found and found.group(1) not in _BUILTIN else None


def missing(
    name: str, asker: str, *, decides: bool = True, hidden: bool = False, check: Check | None = None
) -> NameMissing:
    """Evidence that a name does not exist after the learner's code has run; `asker` says who looked for it."""
    evidence = Evidence(kind="missing", subject=name, fact=f"{asker} looked for {name}, which does not exist")
    return NameMissing(evidence=evidence, decides=decides, hidden=hidden, name=name, check=check)
