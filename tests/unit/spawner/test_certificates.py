"""The certificate of one environment: issued with its start, renewed while it runs, refused after its end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from spawner import certificates
from spawner.certificates import LIFETIME, EnvironmentCertificates
from vault.adapters.local_ca import LocalAuthority
from vault.errors import IdentityRevoked, VaultError, VaultUnavailable
from vault.identity import Identity
from vault.leaf import Leaf, is_issued_by, read_leaf


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority(tmp_path / "ca")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Of one start, with its certificate."""
    made = tmp_path / "box"
    made.mkdir(mode=0o700)
    return made


def issued(authority: LocalAuthority, box: Path) -> tuple[EnvironmentCertificates, Leaf]:
    kept = EnvironmentCertificates(authority)
    nonce = kept.issue(box, "ada", "basics", "0" * 64)
    leaf = leaf_in(box)
    assert leaf.identity == Identity.env("ada", "basics", "0" * 64, nonce)
    return kept, leaf


def leaf_in(box: Path) -> Leaf:
    return read_leaf(box / "tls" / "environment.pem")


def it_is(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "datetime", SimpleNamespace(now=lambda _: moment))


def test_a_young_one_stays(authority: LocalAuthority, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, leaf = issued(authority, box)
    it_is(leaf.half_life - timedelta(seconds=1), monkeypatch)
    kept.renew(box)
    assert leaf_in(box) == leaf


def test_one_past_half_its_life_is_issued_anew_for_the_same_start(
    authority: LocalAuthority, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, old = issued(authority, box)
    it_is(old.half_life, monkeypatch)
    kept.renew(box)
    new = leaf_in(box)
    assert (new.identity, new.path) == (old.identity, old.path)
    assert new.serial != old.serial
    assert LIFETIME / 2 < new.not_after - datetime.now(UTC) <= LIFETIME
    assert is_issued_by(new.path, box / "tls" / "ca.pem")
    assert new.path.stat().st_mode & 0o777 == 0o600


def test_while_the_authority_is_away_the_old_one_stays_where_it_is(
    authority: LocalAuthority, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, old = issued(authority, box)

    def sealed(*_: object, **__: object) -> Leaf:
        raise VaultUnavailable("Vault is sealed")

    it_is(old.half_life, monkeypatch)
    with monkeypatch.context() as away:
        away.setattr(authority, "issue", sealed)
        with pytest.raises(VaultUnavailable):
            kept.renew(box)
        assert leaf_in(box) == old
    kept.renew(box)
    assert leaf_in(box).serial != old.serial


def test_one_that_was_refused_comes_back_by_no_renewal(
    authority: LocalAuthority, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, old = issued(authority, box)
    kept.revoke(box)
    it_is(old.half_life, monkeypatch)
    with pytest.raises(IdentityRevoked):
        kept.renew(box)
    assert leaf_in(box) == old


def test_a_box_that_has_none_is_a_fault_to_renew_and_nothing_to_refuse(authority: LocalAuthority, box: Path) -> None:
    kept = EnvironmentCertificates(authority)
    with pytest.raises(VaultError):
        kept.renew(box)
    kept.revoke(box)
    assert authority.revoked() == frozenset()
