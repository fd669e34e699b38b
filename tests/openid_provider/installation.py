"""The provider at which tests sign in: the certified one, or the Keycloak that CASELOOP_TEST_KEYCLOAK_ADDRESS names."""

from pathlib import Path

from tests.keycloak_installation import real_server
from tests.openid_provider.certified import CertifiedProvider
from tests.openid_provider.keycloak_realm import KeycloakRealm
from tests.openid_provider.ports import OpenIdProvider


def provider(project: Path, folder: Path) -> OpenIdProvider:
    """Start it, or make a realm there; what is made is the caller's to stop."""
    server = real_server()
    return CertifiedProvider(project, folder) if server is None else KeycloakRealm(server)
