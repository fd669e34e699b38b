"""What the scripted model says: answers by purpose, faults among them, from code or from a TOML file."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from feedback.model.errors import ModelMisconfigured
from feedback.model.port import (
    BadAnswer,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    Purpose,
)

HANG: Final = "\x00hang"
"""An answer that never comes."""
BREAK: Final = "\x00break"
"""In an answer: the server dies at this place."""

Answer = str | ModelError | Callable[[ModelRequest], str]


@dataclass(frozen=True)
class Script:
    """The answers of each purpose in turn; the last one is repeated. A purpose without any answers by `otherwise`."""

    answers: Mapping[Purpose, Sequence[Answer]] = field(default_factory=dict)
    otherwise: Callable[[ModelRequest], str] | None = None
    pause: float = 0.0
    """Seconds before each word."""


class _Entry(BaseModel):
    """One answer of a script file: exactly one of these."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    document: dict[str, Any] | None = None
    fault: (
        Literal["unavailable", "timeout", "refused", "busy", "hang", "break", "empty", "not_json", "markup"] | None
    ) = None

    def answer(self) -> Answer:
        """The answer that the entry stands for."""
        given = [value for value in (self.text, self.document, self.fault) if value is not None]
        if len(given) != 1:
            raise ValueError("an answer is either text, or document, or fault")
        if self.document is not None:
            return json.dumps(self.document, ensure_ascii=False)
        return self.text if self.text is not None else _FAULTS[str(self.fault)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pause: float = Field(default=0.0, ge=0, le=10)
    answers: dict[Purpose, Annotated[list[str | _Entry], Field(min_length=1)]] = Field(default_factory=dict)


_FAULTS: Final[Mapping[str, Answer]] = {
    "unavailable": ModelUnavailable("the script says so"),
    "timeout": ModelTimedOut("the script says so"),
    "refused": ModelRefused("the script says so"),
    "busy": ModelBusy("the script says so"),
    "hang": HANG,
    "break": f"The server dies in the middle of this {BREAK}",
    "empty": BadAnswer("the answer is empty"),
    "not_json": "Sure! Here is what I think of your cell.",
    "markup": "<script>alert('words')</script><img src=x onerror=alert(1)> **Look** at [this](javascript:alert(1)).",
}


def read_script(file: Path, otherwise: Callable[[ModelRequest], str] | None = None) -> Script:
    """Read a script file. Raises `ModelMisconfigured` that says where it is wrong."""
    try:
        content = TypeAdapter(_File).validate_python(tomllib.loads(file.read_text()))
        answers = {
            purpose: tuple(entry if isinstance(entry, str) else entry.answer() for entry in entries)
            for purpose, entries in content.answers.items()
        }
    except OSError as error:
        raise ModelMisconfigured(f"CASELOOP_MODEL_SCRIPT={file} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        # Of an answer that is neither text nor table, the innermost mistake says most.
        worst = max(error.errors(include_url=False), key=lambda one: len(one["loc"]))
        place = ".".join(str(part) for part in worst["loc"])
        purposes = ", ".join(get_args(Purpose))
        raise ModelMisconfigured(f"{file}: {place}: {worst['msg']} (purposes: {purposes})") from error
    except ValueError as error:
        raise ModelMisconfigured(f"{file}: {error}") from error
    return Script(answers, otherwise, content.pause)
