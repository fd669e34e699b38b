"""Serve the real `progress` on a unix socket without TLS, as the gateway's peer: for the crash test only.

`python serve_progress.py FOLDER SCOPE_KEY_PEM`: database, objects and socket live in FOLDER.
"""

import sys
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.database import Database
from services.kit.scope import ScopeVerifier
from services.kit.scope_state import PEER
from services.progress.app import create_app
from vault.identity import Identity


class AsGateway:
    """Put the gateway's identity where a TLS connection would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"] = {**scope.get("state", {}), PEER: Identity.service("gateway")}
        await self._app(scope, receive, send)


def main(folder: Path, key_file: Path) -> None:
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    db = Database(f"sqlite+aiosqlite:///{folder / 'progress.sqlite'}")
    app = create_app(db, DirectoryObjectStore(folder / "objects"), ScopeVerifier(key.public_key()))
    socket = folder / "progress.sock"
    socket.unlink(missing_ok=True)
    uvicorn.run(AsGateway(app), uds=str(socket), log_config=None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
