"""Leaving the Hub and the provider at once: whoever says by the provider's own token who leaves, need not be asked."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import OAuthLogoutHandler


class SignOutHandler(OAuthLogoutHandler):
    """Sends the browser on to the provider with the ID token that came with the sign-in."""

    _state: Mapping[str, Any] | None = None

    async def handle_logout(self) -> None:
        """Read what is known of whoever leaves, while that is known."""
        await super().handle_logout()
        user = self.current_user
        self._state = await user.get_auth_state() if user else None

    async def render_logout_page(self) -> None:
        """Lead on to the provider."""
        self.redirect(way_out(self.authenticator.logout_redirect_url, self._state))


class ProviderAuthenticator(GenericOAuthenticator):
    """Signs in by an OpenID provider, and out."""

    logout_handler = SignOutHandler


def way_out(address: str, auth_state: Mapping[str, Any] | None) -> str:
    """The provider's address for leaving; without the token the provider asks first, and many close the window then."""
    token = (auth_state or {}).get("id_token")
    return f"{address}&{urlencode({'id_token_hint': token})}" if isinstance(token, str) and token else address
