"""The accounts of the embedded system: JupyterHub's own sign-in, passwords made here and stored as scrypt hashes."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from services.contracts.identity import Role

# Interactive sign-in: 16 MiB and about 50 ms a try (RFC 7914, section 2).
_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_WORDS_BYTES = 12
FIRST_ACCOUNTS = (("learner", Role.LEARNER), ("mentor", Role.MENTOR), ("admin", Role.ADMIN), ("qa", Role.QA))


@dataclass(frozen=True)
class Account:
    """A person who may sign in."""

    name: str
    role: Role
    salt: str
    hash: str


@dataclass(frozen=True)
class Credentials:
    """A freshly made password; shown once and never stored."""

    name: str
    role: Role
    password: str


class Accounts:
    """Accounts in one private file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> Sequence[Account]:
        """Every account, in the order they were made."""
        if not self._path.exists():
            return ()
        return [Account(**entry | {"role": Role(entry["role"])}) for entry in json.loads(self._path.read_text())]

    def make_first(self) -> Sequence[Credentials]:
        """Make the first accounts where there is none yet; nothing otherwise."""
        return () if self.all() else [self.add(name, role) for name, role in FIRST_ACCOUNTS]

    def add(self, name: str, role: Role) -> Credentials:
        """Make an account, or give an existing one a new password."""
        password, salt = secrets.token_urlsafe(_WORDS_BYTES), secrets.token_hex(16)
        account = Account(name, role, salt, _hash(password, salt))
        self._write([*(a for a in self.all() if a.name != name), account])
        return Credentials(name, role, password)

    def verify(self, name: str, password: str) -> Account | None:
        """The account when the password is right. Takes the same time for unknown names."""
        account = next((a for a in self.all() if a.name == name), None)
        known = account or Account(name, Role.LEARNER, "00" * 16, "00" * 32)
        right = hmac.compare_digest(_hash(password, known.salt), known.hash)
        return account if right else None

    def _write(self, accounts: Sequence[Account]) -> None:
        temporary = self._path.with_suffix(f".{secrets.token_hex(4)}")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump([asdict(account) for account in accounts], file, indent=1)
            file.flush()
            os.fsync(fd)
        temporary.replace(self._path)


def _hash(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32).hex()
