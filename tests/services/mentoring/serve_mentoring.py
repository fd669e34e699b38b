"""Serve the real `mentoring` on a unix socket without TLS, as whichever peer a header names: for the crash test only.

`python serve_mentoring.py FOLDER SCOPE_KEY_PEM`: database, outbox and socket live in FOLDER.
"""

import sys
from datetime import timedelta
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kit.adapters.job_rows import TableTimes
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.database import Database
from services.kit.scope import ScopeVerifier
from services.kit.scope_state import PEER
from services.mentoring.app import create_app
from services.mentoring.models import JOBS
from services.mentoring.settings import MailSettings
from vault.identity import Identity


class AsPeer:
    """Put an identity where a TLS connection would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            peer = dict(scope["headers"])[b"x-peer"].decode()
            scope["state"] = {**scope.get("state", {}), PEER: Identity.service(peer)}
        await self._app(scope, receive, send)


def main(folder: Path, key_file: Path) -> None:
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    db = Database(f"sqlite+aiosqlite:///{folder / 'mentoring.sqlite'}")
    # The jobs of a process that was killed are taken over soon.
    queue = TableJobQueue(db, JOBS, TableTimes(lease=timedelta(seconds=1), poll=timedelta(seconds=0.2)))
    mail = MailSettings(_env_file=None, mentors="mia@school.example")  # type: ignore[call-arg]
    app = create_app(
        db,
        OutboxMailer(folder / "outbox", mail.sender),
        ScopeVerifier(key.public_key()),
        mail=mail,
        queue=queue,
    )
    socket = folder / "mentoring.sock"
    socket.unlink(missing_ok=True)
    uvicorn.run(AsPeer(app), uds=str(socket), log_config=None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
