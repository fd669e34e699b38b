"""Wires the extension into a running Jupyter server."""

import os
from pathlib import Path
from typing import Any

from caseloop_lab.gateway import Gateway
from caseloop_lab.handlers import handlers
from caseloop_lab.keeper import NotebookKeeper
from caseloop_lab.settings import LabSettings, SettingsIncomplete, from_environment

_SAVE_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"


def load(app: Any) -> None:
    """Add the handlers and the keeper; does nothing in a JupyterLab outside Caseloop."""
    try:
        settings = from_environment(os.environ)
    except SettingsIncomplete as error:
        app.log.error("caseloop: the extension stays off: %s", error)
        return
    if settings is None:
        app.log.info("caseloop: no gateway is configured, the extension stays off")
        return
    gateway = Gateway(settings)
    keeper = NotebookKeeper(gateway, Path(app.root_dir) / settings.notebook, app.log)
    web_settings = app.web_app.settings
    web_settings |= {"caseloop_gateway": gateway, "caseloop_keeper": keeper}
    app.web_app.add_handlers(".*$", handlers(web_settings["base_url"]))
    _tell_browser(web_settings, settings)
    _follow_saves(app, keeper, settings.notebook)


def _tell_browser(web_settings: dict[str, Any], settings: LabSettings) -> None:
    """Put the case's names into Lab's page configuration, where the browser part reads them."""
    page = web_settings.setdefault("page_config_data", {})
    page["caseloopCase"] = settings.case
    page["caseloopNotebook"] = settings.notebook


def _follow_saves(app: Any, keeper: NotebookKeeper, notebook: str) -> None:
    """Offer the notebook to the keeper at each save, whichever contents manager does it."""

    async def saved(logger: Any, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG001 - jupyter_events' signature
        if data.get("action") == "save" and str(data.get("path", "")).lstrip("/") == notebook:
            keeper.offer()

    app.event_logger.add_listener(schema_id=_SAVE_EVENTS, listener=saved)
