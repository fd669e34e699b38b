import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import hvac.exceptions

from vault.adapters.hashicorp import VaultSession
from vault.errors import SecretNotFound, SecretStoreDamaged, VaultError, VaultNotFound
from vault.secret_names import checked_name

_FOLDER: Final = "secrets"
_ATTEMPTS: Final = 20
"""Of making a secret that somebody else makes or deletes at the same moment."""


class Document(NamedTuple):
    """What one path of the KV engine holds."""

    version: int
    """0 where nothing was ever written."""
    data: Mapping[str, Any] | None
    """None where nothing is, or is any more."""


class Documents:
    """The KV engine (version 2), by path. All calls raise as `VaultSession.ask`."""

    def __init__(self, session: VaultSession) -> None:
        self._session, self._mount = session, session.mounts.kv

    def version(self, path: str) -> int:
        """The newest version's number; 0 where there is none."""
        try:
            answer = self._session.ask(
                f"say the version of {path}",
                lambda client: client.secrets.kv.v2.read_secret_metadata(path, mount_point=self._mount),
            )
        except VaultNotFound:
            return 0
        return int(answer["data"]["current_version"])

    def read(self, path: str) -> Document:
        """The newest version."""
        try:
            answer = self._session.ask(
                f"read {path}",
                lambda client: client.secrets.kv.v2.read_secret_version(
                    path, mount_point=self._mount, raise_on_deleted_version=False
                ),
            )
        except VaultNotFound:
            return Document(0, None)
        return Document(int(answer["data"]["metadata"]["version"]), answer["data"]["data"])

    def write(self, path: str, data: Mapping[str, Any], *, over: int | None = None) -> bool:
        """Write a new version; with `over`, only on top of that one. False when another is there."""

        def write(client: Any) -> bool:
            try:
                client.secrets.kv.v2.create_or_update_secret(path, dict(data), cas=over, mount_point=self._mount)
            except hvac.exceptions.InvalidRequest as error:
                if over is None or "check-and-set" not in str(error):
                    raise
                return False
            return True

        return bool(self._session.ask(f"write {path}", write))

    def names(self, folder: str) -> tuple[str, ...]:
        """Paths right below the folder that were not deleted for good, sorted."""
        try:
            answer = self._session.ask(
                f"list {folder}", lambda client: client.secrets.kv.v2.list_secrets(folder, mount_point=self._mount)
            )
        except VaultNotFound:
            return ()
        return tuple(sorted(answer["data"]["keys"]))

    def delete(self, path: str) -> None:
        """Remove every version for good."""
        self._session.ask(
            f"delete {path}",
            lambda client: client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point=self._mount),
        )


class VaultSecrets:
    """Secrets in HashiCorp Vault's KV engine. What a service may read, its policy says."""

    def __init__(self, session: VaultSession) -> None:
        self._documents = Documents(session)
        self._where = f"Vault at {session.address}"

    def get(self, name: str) -> bytes:
        """As `SecretStore.get`."""
        data = self._documents.read(_path(name)).data
        if data is None:
            raise self._absent(name)
        return self._value(name, data)

    def put(self, name: str, value: bytes) -> None:
        """As `SecretStore.put`."""
        self._documents.write(_path(name), _document(value))

    def create(self, name: str, make: Callable[[], bytes]) -> bytes:
        """As `SecretStore.create`."""
        path = _path(name)
        for _ in range(_ATTEMPTS):
            version, data = self._documents.read(path)
            if data is not None:
                return self._value(name, data)
            value = make()
            if self._documents.write(path, _document(value), over=version):
                return value
        raise VaultError(f"the secret {name!r} in {self._where} is changed by others all the time; try again")

    def names(self) -> tuple[str, ...]:
        """As `SecretStore.names`."""
        return self._documents.names(_FOLDER)

    def delete(self, name: str) -> None:
        """As `SecretStore.delete`."""
        path = _path(name)
        if self._documents.read(path).data is None:
            raise self._absent(name)
        self._documents.delete(path)

    def _absent(self, name: str) -> SecretNotFound:
        return SecretNotFound(
            f"there is no secret named {name!r} in {self._where}; `caseloop vault bootstrap` makes it"
        )

    def _value(self, name: str, data: Mapping[str, Any]) -> bytes:
        try:
            return base64.b64decode(data["value"], validate=True)
        except (KeyError, TypeError, binascii.Error) as error:
            raise SecretStoreDamaged(
                f"the secret {name!r} in {self._where} was written by something else than Caseloop: its field `value` "
                "must be base64; put the older version back (`vault kv rollback`)"
            ) from error


def _path(name: str) -> str:
    return f"{_FOLDER}/{checked_name(name)}"


def _document(value: bytes) -> dict[str, str]:
    return {"value": base64.b64encode(value).decode()}
