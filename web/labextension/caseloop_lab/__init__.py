"""Caseloop in JupyterLab: the browser part and the server extension that forwards to the gateway."""

from typing import Any

from caseloop_lab.extension import load


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@caseloop/lab"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "caseloop_lab"}]


def _load_jupyter_server_extension(app: Any) -> None:
    load(app)
