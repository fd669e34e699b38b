"""The Hub's side of its proxy: how the routes come back to one that was started again."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jupyterhub.proxy import ConfigurableHTTPProxy
from tornado.ioloop import PeriodicCallback
from traitlets import Bool


class WholeProxy(ConfigurableHTTPProxy):
    """A proxy which leads to the mentors' desk also after it was killed and started again."""

    async def restore_routes(self) -> None:
        """Put every route on a new proxy.

        The Hub by itself leaves the configured ones out until it looks at everybody's activity, minutes later.
        """
        for path, target in self.extra_routes.items():
            await self.add_route(path, target, {"extra": True})
        await super().restore_routes()


class StandingProxy(WholeProxy):
    """A proxy that is started by itself, and stands while the Hub does not: learners go on in their environments.

    One that was started again has no routes, and a new socket to take them at. The Hub looks for that every
    `check_running_interval` seconds.
    """

    should_start = Bool(False)
    _routed: tuple[int, int] | None = None
    _looking: PeriodicCallback | None = None

    async def check_routes(self, user_dict: Any, service_dict: Any, routes: Any = None) -> None:
        """Hold the proxy's routes against the Hub's; from the first time on, look for new proxies."""
        standing = self._standing()
        await super().check_routes(user_dict, service_dict, routes)
        if self._looking is None:
            self._routed = standing
            self._looking = PeriodicCallback(self.check_running, 1e3 * self.check_running_interval)
            self._looking.start()

    async def check_running(self) -> None:
        """Put the routes on a proxy that has none yet."""
        standing = self._standing()
        if standing not in (None, self._routed):
            await self.restore_routes()
            self._routed = standing

    def _standing(self) -> tuple[int, int] | None:
        """Tells one proxy from the next by its socket: looking costs one system call, asking would fill its log."""
        try:
            status = Path(unquote(self.api_url.removeprefix("http+unix://"))).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_ctime_ns
