"""What the Hub puts on a proxy that it had to start again."""

from types import SimpleNamespace
from typing import Any

from infra.hub.proxy import WholeProxy

DESK = "https://dashboard.caseloop.internal"


class _Recording(WholeProxy):
    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        self.app.added.append((routespec, target, data))


async def test_a_new_proxy_leads_to_the_hub_and_to_the_desk() -> None:
    hub = SimpleNamespace(routespec="/", host="http+unix://hub")
    app = SimpleNamespace(hub=hub, users={}, _service_map={}, subdomain_host="", added=[])
    proxy = _Recording(app=app, hub=hub, auth_token="made for the test", extra_routes={"/services/caseloop/": DESK})
    await proxy.restore_routes()
    assert ("/services/caseloop/", DESK, {"extra": True}) in app.added
    assert ("/", "http+unix://hub", {"hub": True}) in app.added
