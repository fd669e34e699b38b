"""Keeps every saved state of the case's notebook at the gateway, without ever holding up a save."""

import asyncio
import hashlib
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from caseloop_lab.gateway import Gateway, GatewayAway

MAX_NOTEBOOK = 16 * 1024 * 1024
"""Bytes of a kept notebook; a larger one is kept without its outputs, which can be computed again."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds between attempts while the gateway is away; doubled after each."""


class NotebookUnreadable(Exception):
    """The file on disk is missing, is no notebook, or is too large to keep."""


def saved_notebook(path: Path) -> bytes:
    """The body of PUT /api/notebook (`services.contracts.progress.SavedNotebook`) for the file as it is now.

    Raises NotebookUnreadable, naming the file.
    """
    try:
        notebook = json.loads(path.read_bytes())
        saved = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError) as error:
        raise NotebookUnreadable(f"{path.name} cannot be read: {error}") from error
    if not isinstance(notebook, dict):
        raise NotebookUnreadable(f"{path.name} is not a notebook: its JSON is not an object")
    text = _canonical(notebook)
    if len(text) > MAX_NOTEBOOK:
        notebook = _without_outputs(notebook)
        text = _canonical(notebook)
    if len(text) > MAX_NOTEBOOK:
        raise NotebookUnreadable(f"{path.name} has {len(text) // 2**20} MB without its outputs; 16 MB can be kept")
    head = json.dumps({"saved": saved.isoformat(), "digest": hashlib.sha256(text).hexdigest()})
    return head[:-1].encode() + b', "notebook": ' + text + b"}"


def _canonical(notebook: dict[str, Any]) -> bytes:
    text = json.dumps(notebook, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    cells = [cell | {"outputs": []} if "outputs" in cell else cell for cell in notebook.get("cells", [])]
    return notebook | {"cells": cells}


class NotebookKeeper:
    """Sends the newest saved state; states that were overtaken while the gateway was away are left out."""

    def __init__(self, gateway: Gateway, path: Path, log: logging.Logger) -> None:
        self._gateway, self._path, self._log = gateway, path, log
        self._changed = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def offer(self) -> None:
        """Say that the notebook was saved; returns at once. Call it on the server's event loop."""
        self._changed.set()
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._deliver())

    async def keep(self) -> httpx.Response:
        """Send the notebook as it is on disk and return the gateway's answer.

        Raises NotebookUnreadable or GatewayAway.
        """
        body = await asyncio.to_thread(saved_notebook, self._path)
        return await self._gateway.call("PUT", "/api/notebook", body=body)

    async def close(self) -> None:
        """Stop trying; what is on disk is kept again when the environment stops or starts."""
        if self._work:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _deliver(self) -> None:
        """Send until the newest state has arrived or was refused."""
        wait = FIRST_WAIT
        while self._changed.is_set():
            self._changed.clear()
            if await self._attempt():
                wait = FIRST_WAIT
                continue
            self._changed.set()
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _attempt(self) -> bool:
        """True when there is nothing more to do for this state."""
        try:
            answer = await self.keep()
        except NotebookUnreadable as error:
            self._log.error("caseloop: this save was not kept: %s", error)
            return True
        except GatewayAway as error:
            self._log.warning("caseloop: the notebook will be kept later: %s", error)
            return False
        if answer.is_success:
            return True
        self._log.warning(
            "caseloop: the gateway answered %d to a saved notebook: %.300s", answer.status_code, answer.text
        )
        return answer.is_client_error and answer.status_code not in (401, 408, 425, 429)
