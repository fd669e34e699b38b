"""Called by the configuration that the chart of Zero to JupyterHub gives its Hub (`infra/helm/z2jh-values.yaml`)."""

from typing import Any

from infra.hub.configuration import configure_in_chart
from infra.hub.platform import open_platform
from infra.production.settings import ProductionSettings
from vault.wiring import open_vault


def configure(c: Any) -> None:
    """Make it Caseloop's: who signs in, what learners' servers are, the pages. What the chart said of addresses stays.

    Raises what `caseloop serve hub` raises for settings that are missing.
    """
    settings = ProductionSettings()
    settings.prepare()
    vault = open_vault(settings.mode, settings.home)
    configure_in_chart(c, settings, vault, open_platform(settings, vault))
