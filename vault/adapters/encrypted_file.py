import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import SecretNotFound, SecretStoreDamaged
from vault.files import locked, private_folder, write_private
from vault.secret_names import checked_name

_HEADER = b"caseloop-secrets-1\n"
_NONCE_BYTES = 12


class EncryptedFile:
    """Secrets in one file, AES-256-GCM, beside the key file that opens it; both made at first start, both 0600.

    The key lies on the same disk, so this keeps secrets out of backups and accidents of the data file alone, not from
    somebody who reads the whole folder: that is what the production store is for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self._key_file = folder / "secrets.key"
        self._file = folder / "secrets.bin"
        self._lock = folder / "lock"
        with locked(self._lock):
            self._cipher = AESGCM(self._load_key() if self._key_file.exists() else self._make_key())
            self._read()

    def get(self, name: str) -> bytes:
        """As `SecretStore.get`."""
        try:
            return self._read()[name]
        except KeyError:
            raise SecretNotFound(f"there is no secret named {name!r} in {self._file}") from None

    def put(self, name: str, value: bytes) -> None:
        """As `SecretStore.put`."""
        self.create(name, lambda: value, replace=True)

    def create(self, name: str, make: Callable[[], bytes], *, replace: bool = False) -> bytes:
        """As `SecretStore.create`."""
        checked_name(name)
        with locked(self._lock):
            secrets = self._read()
            if replace or name not in secrets:
                secrets[name] = make()
                self._write(secrets)
            return secrets[name]

    def names(self) -> tuple[str, ...]:
        """As `SecretStore.names`."""
        return tuple(sorted(self._read()))

    def delete(self, name: str) -> None:
        """As `SecretStore.delete`."""
        with locked(self._lock):
            secrets = self._read()
            if name not in secrets:
                raise SecretNotFound(f"there is no secret named {name!r} in {self._file}")
            del secrets[name]
            self._write(secrets)

    def _read(self) -> dict[str, bytes]:
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        start = len(_HEADER) + _NONCE_BYTES
        try:
            if not content.startswith(_HEADER):
                raise ValueError("it does not begin as a secrets file of ours")
            plain = self._cipher.decrypt(content[len(_HEADER) : start], content[start:], _HEADER)
        except (InvalidTag, ValueError) as error:
            reason = str(error) or "wrong key or changed content"
            raise SecretStoreDamaged(
                f"{self._file} cannot be opened with {self._key_file} ({reason}); "
                "put back copies of both from the same time"
            ) from error
        return {name: base64.b64decode(value) for name, value in json.loads(plain).items()}

    def _write(self, secrets: dict[str, bytes]) -> None:
        plain = json.dumps({name: base64.b64encode(value).decode() for name, value in secrets.items()}).encode()
        nonce = os.urandom(_NONCE_BYTES)
        write_private(self._file, _HEADER + nonce + self._cipher.encrypt(nonce, plain, _HEADER))

    def _load_key(self) -> bytes:
        mode = stat.S_IMODE(self._key_file.stat().st_mode)
        if mode & 0o077:
            raise SecretStoreDamaged(
                f"{self._key_file} is open to other users (mode {mode:o}): treat every secret as known to them; "
                f"if that is acceptable run chmod 600 {self._key_file}"
            )
        key = self._key_file.read_bytes()
        if len(key) != 32:
            raise SecretStoreDamaged(f"{self._key_file} holds {len(key)} bytes instead of 32; put back a copy")
        return key

    def _make_key(self) -> bytes:
        if self._file.exists():
            raise SecretStoreDamaged(f"{self._key_file}, the key of {self._file}, is gone; put back a copy")
        key = AESGCM.generate_key(256)
        write_private(self._key_file, key)
        return key
