"""Read by JupyterHub: `python -m jupyterhub -f infra/hub/jupyterhub_config.py`."""

from infra.hub.configuration import configure
from infra.hub.platform import open_platform
from infra.hub.settings import settings_of_the_mode
from vault.wiring import open_vault

settings = settings_of_the_mode()
settings.prepare()
vault = open_vault(settings.mode, settings.home)
configure(get_config(), settings, vault, open_platform(settings, vault))  # type: ignore[name-defined]  # noqa: F821
