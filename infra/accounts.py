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
_LONGEST_NAME = 255
FIRST_ACCOUNTS = (("learner", Role.LEARNER), ("mentor", Role.MENTOR), ("admin", Role.ADMIN), ("qa", Role.QA))


class NameRefused(ValueError):
    """No account can have the name, or one has it already; the message says what to do."""


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
        """Make an account. NameRefused."""
        name = _normal(name)
        if self._find(name):
            raise NameRefused(
                f"There is an account «{name}» already; `caseloop account password {name}` gives it a new password."
            )
        return self._keep(name, role)

    def renew(self, name: str) -> Credentials | None:
        """Give an account a new password; None when there is no such account."""
        known = self._find(name.lower())
        return self._keep(known.name, known.role) if known else None

    def verify(self, name: str, password: str) -> Account | None:
        """The account when the password is right. Takes the same time for unknown names."""
        account = self._find(name.lower())
        known = account or Account(name, Role.LEARNER, "00" * 16, "00" * 32)
        right = hmac.compare_digest(_hash(password, known.salt), known.hash)
        return account if right else None

    def _find(self, name: str) -> Account | None:
        return next((account for account in self.all() if account.name == name), None)

    def _keep(self, name: str, role: Role) -> Credentials:
        password, salt = secrets.token_urlsafe(_WORDS_BYTES), secrets.token_hex(16)
        account = Account(name, role, salt, _hash(password, salt))
        self._write([*(a for a in self.all() if a.name != name), account])
        return Credentials(name, role, password)

    def _write(self, accounts: Sequence[Account]) -> None:
        temporary = self._path.with_suffix(f".{secrets.token_hex(4)}")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump([asdict(account) for account in accounts], file, indent=1)
            file.flush()
            os.fsync(fd)
        temporary.replace(self._path)


def _normal(name: str) -> str:
    """The name as the Hub knows it: in small letters, so that two accounts are never one person there. NameRefused."""
    if not name.isprintable() or not name.strip() or name != name.strip() or "/" in name or len(name) > _LONGEST_NAME:
        raise NameRefused(
            f"{name!r} is no sign-in name: 1 to {_LONGEST_NAME} characters, without `/`, without blanks at its ends."
        )
    return name.lower()


def _hash(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32).hex()
