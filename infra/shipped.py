"""The cases that ship with Caseloop, published when they are new or have changed."""

import hashlib
import subprocess
import sys
from pathlib import Path

from infra.settings import EmbeddedSettings


class NotPublished(Exception):
    """A shipped case could not be published; the message is what the command said."""


def shipped_fingerprint(cases: Path) -> str:
    """Digest over the names and contents of all case folders."""
    digest = hashlib.sha256()
    for path in sorted(p for p in cases.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(str(path.relative_to(cases)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def publish_shipped(settings: EmbeddedSettings) -> bool:
    """Publish what has changed since last time, by the same command an author uses; False when nothing has.

    Raises NotPublished.
    """
    stamp = settings.home / "shipped"
    folders = sorted(str(path.parent) for path in settings.cases.glob("*/case.yaml"))
    fingerprint = shipped_fingerprint(settings.cases)
    if not folders or (stamp.exists() and stamp.read_text() == fingerprint):
        return False
    command = [sys.executable, "-m", "infra.cli", "case", "publish", "--make-data", *folders]
    done = subprocess.run(command, env=settings.variables(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPublished(f"{done.stdout}\n{done.stderr}".strip())
    stamp.write_text(shipped_fingerprint(settings.cases))
    return True
