"""Everything of ours in HashiCorp Vault, made or brought up to date. Can be run as often as one likes."""

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import hvac.exceptions

from infra.hub.figures import SECRET_NAME as FIGURES_SECRET
from infra.keycloak.realm import HUB_SECRET
from infra.vault.policies import ROLES, pki_role, policy
from services.gateway.dashboard.registration import SECRET_NAME as DESK_SECRET
from services.kit.scope import SECRET_NAME as SCOPE_SECRET
from services.kit.scope import VERIFYING_NAME, new_scope_key, verifying_half
from vault.adapters.hashicorp import Mounts, connect, translated
from vault.adapters.vault_pki import LONGEST_LEAF_LIFE
from vault.errors import VaultError
from vault.files import private_folder, write_private
from vault.identity import TRUST_DOMAIN
from vault.settings import VaultSettings
from vault.trust import ENV, READS, SERVICES

AUTHORITY_LIFE: Final = timedelta(days=3650)
DATED_BACK: Final = timedelta(seconds=30)
"""How far clocks of several machines may be apart."""
_SIGNED_IN: Final = "1h"
_LONGEST_SIGNED_IN: Final = "24h"
_KEPT_VERSIONS: Final = 5
_PATIENCE: Final = 50
"""Tries, a tenth of a second apart, while Vault makes a new KV engine ready."""


class Bootstrap:
    """Sets Vault up with a token that may do everything; that token is needed at no other time.

    What exists is left or brought up to date: the authority and secrets are never replaced. Raises `VaultError`.
    """

    def __init__(self, settings: VaultSettings, token: str, *, dated_back: timedelta = DATED_BACK) -> None:
        self._client = connect(settings, token)
        self._address, self._prefix = settings.address.rstrip("/"), settings.prefix
        self._mounts = Mounts.of(settings.prefix)
        self._dated_back = dated_back
        self._done: list[str] = []

    def run(self, folder: Path, *, new_credentials: bool = False) -> tuple[str, ...]:
        """Set up; write each service's sign-in below `folder`. Returns a line for each thing that was made."""
        for purpose, step in (
            ("say whether it is open", self._ready),
            ("make its engines", self._engines),
            ("make the authority", self._authority),
            ("make roles and policies", self._roles),
            ("make secrets", self._secrets),
            ("give out sign-ins", lambda: self._credentials(folder, new_credentials)),
        ):
            with translated(self._address, purpose):
                step()
        return tuple(self._done)

    def _ready(self) -> None:
        status = self._client.sys.read_seal_status()
        if not status["initialized"]:
            raise VaultError(f"Vault at {self._address} is not initialised; run `vault operator init`, then unseal it")
        if status["sealed"]:
            raise VaultError(f"Vault at {self._address} is sealed; run `vault operator unseal`")
        self._client.auth.token.lookup_self()

    def _engines(self) -> None:
        engines = self._client.sys.list_mounted_secrets_engines()["data"]
        life = {"max_lease_ttl": _hours(AUTHORITY_LIFE)}
        if f"{self._mounts.pki}/" not in engines:
            self._client.sys.enable_secrets_engine("pki", path=self._mounts.pki, config=life)
            self._done.append(f"engine {self._mounts.pki}")
        if f"{self._mounts.kv}/" not in engines:
            self._client.sys.enable_secrets_engine("kv", path=self._mounts.kv, options={"version": "2"})
            self._done.append(f"engine {self._mounts.kv}")
        self._when_ready(
            lambda: self._client.secrets.kv.v2.configure(
                max_versions=_KEPT_VERSIONS, cas_required=False, mount_point=self._mounts.kv
            )
        )
        if f"{self._mounts.approle}/" not in self._client.sys.list_auth_methods()["data"]:
            self._client.sys.enable_auth_method("approle", path=self._mounts.approle)
            self._done.append(f"sign-in {self._mounts.approle}")

    def _when_ready(self, step: Callable[[], object]) -> None:
        """A new KV engine refuses everything for a moment, while Vault upgrades it to version 2."""
        for _ in range(_PATIENCE):
            try:
                step()
            except hvac.exceptions.InvalidRequest as error:
                if "pgrading" not in str(error):
                    raise
                time.sleep(0.1)
            else:
                return
        raise VaultError(f"Vault at {self._address} does not make {self._mounts.kv} ready; look into its log")

    def _authority(self) -> None:
        if not self._has_authority():
            self._client.secrets.pki.generate_root(
                type="internal",
                common_name="Caseloop authority",
                extra_params={
                    "ttl": _hours(AUTHORITY_LIFE),
                    "key_type": "ec",
                    "key_bits": 256,
                    "max_path_length": 0,
                    "exclude_cn_from_sans": True,
                    # Whoever gets at the key cannot pose as any site of the internet.
                    "permitted_dns_domains": TRUST_DOMAIN,
                    "permitted_uri_domains": TRUST_DOMAIN,
                },
                mount_point=self._mounts.pki,
            )
            self._done.append("certificate authority")
        # Not rebuilt at intervals but at each revocation: it must count at once.
        self._post(f"{self._mounts.pki}/config/crl", {"expiry": "168h", "auto_rebuild": False, "disable": False})
        tidying = {"tidy_cert_store": True, "tidy_revoked_certs": True, "safety_buffer": "1h"}
        self._post(f"{self._mounts.pki}/config/auto-tidy", {"enabled": True, "interval_duration": "1h", **tidying})

    def _has_authority(self) -> bool:
        try:
            return "BEGIN CERTIFICATE" in self._client.secrets.pki.read_ca_certificate(mount_point=self._mounts.pki)
        except hvac.exceptions.InvalidPath:
            return False

    def _roles(self) -> None:
        longest, back = _hours(LONGEST_LEAF_LIFE), f"{self._dated_back.total_seconds():.0f}s"
        for name in (*SERVICES, ENV):
            self._client.secrets.pki.create_or_update_role(
                name, dict(pki_role(name, longest=longest, dated_back=back)), mount_point=self._mounts.pki
            )
        for role in ROLES:
            self._client.sys.create_or_update_policy(self._named(role), dict(policy(role, self._mounts)))
            self._client.auth.approle.create_or_update_approle(
                role,
                bind_secret_id=True,
                token_policies=[self._named(role)],
                token_ttl=_SIGNED_IN,
                token_max_ttl=_LONGEST_SIGNED_IN,
                mount_point=self._mounts.approle,
            )

    def _secrets(self) -> None:
        signing = self._secret(SCOPE_SECRET, new_scope_key)
        made = {
            VERIFYING_NAME: lambda: verifying_half(signing),
            DESK_SECRET: lambda: secrets.token_hex(32).encode(),
            FIGURES_SECRET: lambda: secrets.token_hex(32).encode(),
            "hub-cookie": lambda: secrets.token_bytes(32),
            "hub-auth-state": lambda: secrets.token_bytes(32),
        }
        missing = READS.keys() - made.keys() - {SCOPE_SECRET, HUB_SECRET}
        assert not missing, f"nobody makes {missing}"
        for name, make in made.items():
            self._secret(name, make)

    def _secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = f"secrets/{name}"
        try:
            stored = self._client.secrets.kv.v2.read_secret_version(
                path, mount_point=self._mounts.kv, raise_on_deleted_version=True
            )
            return base64.b64decode(stored["data"]["data"]["value"])
        except hvac.exceptions.InvalidPath:
            value = make()
        self._client.secrets.kv.v2.create_or_update_secret(
            path, {"value": base64.b64encode(value).decode()}, mount_point=self._mounts.kv
        )
        self._done.append(f"secret {name}")
        return value

    def _credentials(self, folder: Path, new: bool) -> None:
        private_folder(folder)
        approle, mount = self._client.auth.approle, self._mounts.approle
        for role in ROLES:
            place = private_folder(folder / role)
            role_id = approle.read_role_id(role, mount_point=mount)["data"]["role_id"]
            write_private(place / "role-id", role_id.encode())
            old = _content(place / "secret-id")
            if new or not self._is_good(role, old):
                made = approle.generate_secret_id(role, mount_point=mount)["data"]["secret_id"]
                write_private(place / "secret-id", made.encode())
                self._done.append(f"sign-in of {role}")
                if new and self._is_good(role, old):
                    approle.destroy_secret_id(role, old, mount_point=mount)

    def _is_good(self, role: str, secret_id: str) -> bool:
        if not secret_id:
            return False
        try:
            answer = self._client.auth.approle.read_secret_id(role, secret_id, mount_point=self._mounts.approle)
        except (hvac.exceptions.InvalidPath, hvac.exceptions.InvalidRequest):
            return False
        # an answer without content means that there is none
        return isinstance(answer, dict)

    def _named(self, role: str) -> str:
        return f"{self._prefix}-{role}"

    def _post(self, path: str, content: Mapping[str, Any]) -> None:
        self._client.adapter.post(f"/v1/{path}", json=dict(content))


def _hours(span: timedelta) -> str:
    return f"{span // timedelta(hours=1)}h"


def _content(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
