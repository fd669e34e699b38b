"""The identity of a case version: a digest over everything that makes it, and over nothing else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.contracts.case import AuthorCase, LearnerCase, Style

FORMAT = 1
"""Raised when the same folder must become another version because its meaning changed."""


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal for equal content."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def version_digest(
    author: AuthorCase, learner: LearnerCase, requirements: Sequence[str], declared: Mapping[str, str] | None = None
) -> str:
    """sha256 over both views and the requirements, without version, number, environment, image and order of YAML keys.

    `declared` are files that repo2docker's own packs read. Keys that came later count only where an author set them: a
    folder that says nothing stays the version it was.
    """
    later = {"style"} if learner.style == Style() else set[str]()
    content = {
        "format": FORMAT,
        "author": author.model_dump(mode="json", exclude={"version", "environment"}),
        "learner": learner.model_dump(mode="json", exclude={"version", "number", "environment", "image"} | later),
        "requirements": list(requirements),
        **({"declared": dict(declared)} if declared else {}),
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()
