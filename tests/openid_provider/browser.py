"""A browser as far as signing in needs one: cookies, redirects, and pages with a form."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx

from tests.openid_provider.ports import HUB_ADDRESS, OpenIdProvider


class Browser:
    """Follows redirects itself: the Hub's public address is not where it listens."""

    def __init__(self, hub: str, provider: OpenIdProvider) -> None:
        self.hub, self.provider = hub, provider
        self.http = httpx.AsyncClient(verify=provider.context(), timeout=60, trust_env=False)
        self.http.event_hooks["response"].append(self._send_without_tls)

    async def _send_without_tls(self, _: httpx.Response) -> None:
        """What stands before the Hub speaks TLS with browsers, and nothing stands there here."""
        for cookie in self.http.cookies.jar:
            cookie.secure = False

    async def get(self, address: str, *, until: str = "/user/") -> httpx.Response:
        """Go there, and on to where it leads; not further than a redirect to a path that begins so."""
        return await self._on(await self._go("GET", address), until)

    async def sign_in(self, name: str) -> httpx.Response:
        """Ask the Hub to be let in, and say at the provider who one is where it does not know."""
        return await self.enter(await self.get("/hub/oauth_login?next=%2Fhub%2Ftoken"), name)

    async def enter(self, page: httpx.Response, name: str, *, until: str = "/user/") -> httpx.Response:
        """Fill the provider's own page in."""
        return await self.send(page, until=until, username=name, password=self.provider.password(name))

    async def send(self, page: httpx.Response, *, until: str = "/user/", **filled_in: str) -> httpx.Response:
        """Send the page's form that has these fields, by its button."""
        form = next((form for form in forms(page) if filled_in.keys() <= form.fields.keys()), None)
        assert form is not None, f"{page.status_code} {page.url} has no form for {set(filled_in)}:\n{page.text[:2000]}"
        data = {**form.fields, **filled_in}
        answer = await self._go("POST", str(page.url.join(form.action)), data=data)
        return await self._on(answer, until)

    async def sign_out(self) -> httpx.Response:
        """Leave the Hub, and the provider with it."""
        return await self.leave((await self.get("/hub/logout", until="/realms/")).headers["location"])

    async def leave(self, address: str) -> httpx.Response:
        """Leave the provider; one may ask whether that is wanted."""
        page = await self.get(address)
        return page if str(page.url).startswith(self.hub) else await self.send(page)

    def forget_the_hub(self) -> None:
        """Have no cookie of the Hub's any longer."""
        for cookie in list(self.http.cookies.jar):
            if cookie.name.startswith(("jupyterhub", "oauthenticator", "_xsrf")):
                self.http.cookies.delete(cookie.name, cookie.domain, cookie.path)

    async def ask(self, method: str, path: str) -> httpx.Response:
        """Something of the Hub's interface, as its own pages do."""
        xsrf = next(one.value for one in self.http.cookies.jar if one.name == "_xsrf" and one.path == "/hub/")
        return await self.http.request(
            method, f"{self.hub}/hub/api/{path}", headers={"x-xsrftoken": xsrf or ""}, json={}
        )

    async def me(self) -> httpx.Response:
        """Who the Hub takes one for, asked as its own pages ask."""
        return await self.http.get(f"{self.hub}/hub/api/user", headers={"referer": f"{self.hub}/hub/token"})

    async def _go(self, method: str, address: str, **more: dict[str, str]) -> httpx.Response:
        return await self.http.request(method, httpx.URL(self.hub).join(address.replace(HUB_ADDRESS, self.hub)), **more)

    async def _on(self, answer: httpx.Response, until: str) -> httpx.Response:
        for _ in range(12):
            if not answer.is_redirect:
                return answer
            address = str(answer.url.join(answer.headers["location"]))
            if urlsplit(address).path.startswith(until):
                return answer
            answer = await self._go("GET", address)
        raise AssertionError(f"led around in circles: {answer.url}")


class Form:
    """Where a form goes, and what is in it."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str] = {}


def forms(page: httpx.Response) -> list[Form]:
    """All forms of a page."""
    found = _Forms()
    found.feed(page.text)
    return found.all


@asynccontextmanager
async def browsing(hub: str, provider: OpenIdProvider) -> AsyncIterator[Browser]:
    """A new browser, when the Hub answers."""
    made = Browser(hub, provider)
    async with asyncio.timeout(100):
        while True:
            try:
                if (await made.http.get(f"{hub}/hub/health")).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    try:
        yield made
    finally:
        await made.http.aclose()


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.all: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.all.append(Form(said.get("action") or ""))
        elif tag in ("input", "button") and self.all and (name := said.get("name")):
            self.all[-1].fields.setdefault(name, said.get("value") or "")
