"""Where browsers find the Hub, when something with TLS stands in front of it."""

from typing import Any


def configure_public_address(c: Any, address: str) -> None:
    """Tell the Hub its address, `https://host`; without one it takes every request's word.

    Behind TLS that word is wrong: the Hub's own proxy adds that it was asked without, and the Hub believes the last in
    the row. Its cookies would then travel over plain HTTP as well, as soon as somebody has a browser ask so.
    """
    if not address:
        return
    c.JupyterHub.public_url = f"{address}/"
    if address.startswith("https://"):
        # the one cookie for which the Hub does not look at its address
        c.JupyterHub.tornado_settings.update({"xsrf_cookie_kwargs": {"secure": True}})
