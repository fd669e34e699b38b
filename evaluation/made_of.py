"""What the pipeline of this installation is made of, so that a run says what it measured."""

import hashlib
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_PROMPTS: Final = "prompts"
_KINDS: Final = (".py", ".toml", ".tsv", ".md")


def made_of(model: str) -> dict[str, str]:
    """Version, digests of the rules and of the prompts, and the model's name (empty: rules write the words)."""
    return {
        "caseloop": version("caseloop"),
        "rules": _digest(files("feedback"), leaving_out=_PROMPTS),
        "prompts": _digest(files("feedback").joinpath(_PROMPTS)),
        "model": model or "none",
    }


def _digest(folder: Traversable, leaving_out: str = "") -> str:
    """Over names and contents of all that is read or run."""
    digest = hashlib.sha256()
    _add(folder, "", leaving_out, digest)
    return digest.hexdigest()[:16]


def _add(folder: Traversable, below: str, leaving_out: str, digest: "hashlib._Hash") -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{below}/{entry.name}"
        if entry.is_dir():
            if entry.name not in (leaving_out, "__pycache__"):
                _add(entry, name, "", digest)
        elif entry.name.endswith(_KINDS):
            digest.update(name.encode() + b"\0" + hashlib.sha256(entry.read_bytes()).digest())
