"""What every secret store promises; a new adapter is added to `STORES`."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.vault_double.installation import session, vault_settings
from vault.adapters.encrypted_file import EncryptedFile
from vault.adapters.vault_kv import VaultSecrets
from vault.errors import SecretNotFound, SecretStoreDamaged, VaultError
from vault.ports import SecretStore

STORES: dict[str, Callable[[Path, Path], SecretStore]] = {
    "encrypted file": lambda folder, _: EncryptedFile(folder / "secrets"),
    "vault": lambda folder, shared: VaultSecrets(session(vault_settings(folder, shared))),
}


@pytest.fixture(params=STORES)
def make_store(request, tmp_path: Path, tmp_path_factory) -> Callable[[], SecretStore]:
    """Opens the same store each time it is called, as another process would."""
    shared = tmp_path_factory.getbasetemp() / "vault"
    opened = STORES[request.param](tmp_path, shared)
    for name in opened.names():  # a set-up Vault has the installation's own secrets in it
        opened.delete(name)
    return lambda: STORES[request.param](tmp_path, shared)


@pytest.fixture
def store(make_store) -> SecretStore:
    return make_store()


@pytest.mark.parametrize("value", [b"", b"hunter2", bytes(range(256)) * 100])
def test_what_was_put_comes_back_in_another_opening_too(store, make_store, value):
    store.put("smtp-password", value)
    assert store.get("smtp-password") == make_store().get("smtp-password") == value


def test_put_replaces(store):
    store.put("a", b"1")
    store.put("a", b"2")
    assert store.get("a") == b"2"


def test_names_are_sorted(store):
    for name in ("b", "a.b-c_d", "c9"):
        store.put(name, b"x")
    assert store.names() == ("a.b-c_d", "b", "c9")


def test_an_unknown_name_is_said(store):
    with pytest.raises(SecretNotFound, match="no secret named 'a'"):
        store.get("a")
    with pytest.raises(SecretNotFound):
        store.delete("a")


def test_a_deleted_secret_is_gone(store):
    store.put("a", b"1")
    store.put("b", b"2")
    store.delete("a")
    assert store.names() == ("b",)


@pytest.mark.parametrize("name", ["", "UPPER", "../x", "a/b", "a b", "-a", "a" * 101])
def test_a_name_that_is_none_is_refused(store, name):
    with pytest.raises(ValueError, match="not a secret's name"):
        store.put(name, b"x")
    assert store.names() == ()


def test_create_keeps_what_is_there(store):
    assert store.create("key", lambda: b"first") == b"first"
    assert store.create("key", lambda: b"second") == b"first"
    assert store.get("key") == b"first"


def test_create_stores_nothing_when_making_fails(store):
    def fail() -> bytes:
        raise RuntimeError("no entropy")

    with pytest.raises(RuntimeError):
        store.create("key", fail)
    assert store.names() == ()


def test_create_has_one_winner_among_threads(make_store):
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda i: make_store().create("key", lambda: str(i).encode()), range(16)))
    assert len(set(values)) == 1


def test_puts_of_different_names_at_once_lose_none(make_store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: make_store().put(f"s{i}", b"x"), range(24)))
    assert len(make_store().names()) == 24


class TestEncryptedFile:
    """Promises of the file adapter alone."""

    def test_nothing_readable_is_on_disk_and_everything_is_private(self, tmp_path):
        EncryptedFile(tmp_path / "s").put("smtp-password", b"hunter2hunter2")
        for file in (tmp_path / "s").iterdir():
            assert file.stat().st_mode & 0o077 == 0
            assert b"hunter2" not in file.read_bytes()
            assert b"smtp" not in file.read_bytes()
        assert (tmp_path / "s").stat().st_mode & 0o077 == 0

    def test_two_installations_have_different_keys(self, tmp_path):
        EncryptedFile(tmp_path / "a")
        EncryptedFile(tmp_path / "b")
        assert (tmp_path / "a" / "secrets.key").read_bytes() != (tmp_path / "b" / "secrets.key").read_bytes()

    @pytest.mark.parametrize("where", [0, 25, -1])
    def test_a_changed_file_is_refused(self, tmp_path, where):
        EncryptedFile(tmp_path / "s").put("a", b"1")
        file = tmp_path / "s" / "secrets.bin"
        content = bytearray(file.read_bytes())
        content[where] ^= 1
        file.write_bytes(content)
        with pytest.raises(SecretStoreDamaged, match=r"secrets\.bin cannot be opened"):
            EncryptedFile(tmp_path / "s")

    def test_another_key_is_refused_and_a_missing_one_is_not_replaced(self, tmp_path):
        EncryptedFile(tmp_path / "s").put("a", b"1")
        key = tmp_path / "s" / "secrets.key"
        old = key.read_bytes()
        key.write_bytes(bytes(32))
        with pytest.raises(SecretStoreDamaged):
            EncryptedFile(tmp_path / "s")
        key.unlink()
        with pytest.raises(SecretStoreDamaged, match="is gone"):
            EncryptedFile(tmp_path / "s")
        key.write_bytes(old)
        key.chmod(0o600)
        assert EncryptedFile(tmp_path / "s").get("a") == b"1"

    def test_a_short_key_is_refused(self, tmp_path):
        EncryptedFile(tmp_path / "s")
        (tmp_path / "s" / "secrets.key").write_bytes(b"short")
        with pytest.raises(SecretStoreDamaged, match="5 bytes instead of 32"):
            EncryptedFile(tmp_path / "s")

    def test_a_key_open_to_others_is_refused(self, tmp_path):
        EncryptedFile(tmp_path / "s")
        (tmp_path / "s" / "secrets.key").chmod(0o644)
        with pytest.raises(SecretStoreDamaged, match=r"mode 644.*chmod 600"):
            EncryptedFile(tmp_path / "s")

    def test_a_folder_open_to_others_is_refused(self, tmp_path):
        (tmp_path / "s").mkdir(mode=0o755)
        with pytest.raises(VaultError, match="chmod 700"):
            EncryptedFile(tmp_path / "s")

    def test_a_write_that_fails_leaves_the_old_content_and_no_draft(self, tmp_path, monkeypatch):
        store = EncryptedFile(tmp_path / "s")
        store.put("a", b"1")
        before = sorted(file.name for file in (tmp_path / "s").iterdir())

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", full)
            with pytest.raises(OSError, match="No space"):
                store.put("a", b"2")
        assert store.get("a") == b"1"
        assert sorted(file.name for file in (tmp_path / "s").iterdir()) == before

    def test_processes_that_start_at_once_agree_on_one_key(self, tmp_path):
        program = (
            "import os,sys; from pathlib import Path; from vault.adapters.encrypted_file import EncryptedFile;"
            "print(EncryptedFile(Path(sys.argv[1])).create('key', lambda: os.urandom(8)).hex())"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "s")]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        answers = {process.communicate(timeout=60)[0] for process in processes}
        assert [process.returncode for process in processes] == [0, 0, 0]
        assert len(answers) == 1
