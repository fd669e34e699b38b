from pathlib import Path

import pytest

from infra.accounts import Accounts, NameRefused
from services.contracts.identity import Role


def test_first_accounts_are_one_of_each_role_with_different_passwords(tmp_path: Path) -> None:
    made = Accounts(tmp_path / "accounts.json").make_first()
    assert {c.role for c in made} == set(Role)
    assert len({c.password for c in made}) == 4
    assert all(len(c.password) >= 16 for c in made)


def test_passwords_are_made_once_and_never_stored(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    made = Accounts(path).make_first()
    assert Accounts(path).make_first() == ()
    assert all(c.password not in path.read_text() for c in made)
    assert path.stat().st_mode & 0o777 == 0o600


def test_only_the_right_password_of_a_known_name_signs_in(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    learner, mentor = (c for c in accounts.make_first() if c.role in {Role.LEARNER, Role.MENTOR})
    account = accounts.verify(learner.name, learner.password)
    assert account is not None
    assert account.role is Role.LEARNER
    assert accounts.verify(learner.name, mentor.password) is None
    assert accounts.verify(learner.name, "") is None
    assert accounts.verify("nobody", learner.password) is None


def test_a_new_password_replaces_the_old_one_and_leaves_the_role(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    old = accounts.add("lena", Role.MENTOR)
    new = accounts.renew("lena")
    assert new is not None
    assert accounts.verify("lena", old.password) is None
    known = accounts.verify("lena", new.password)
    assert known is not None
    assert known.role is Role.MENTOR
    assert len(accounts.all()) == 1
    assert accounts.renew("nobody") is None


def test_an_account_is_never_made_twice(tmp_path: Path) -> None:
    # `account add admin` once more would make a learner of the admin
    accounts = Accounts(tmp_path / "accounts.json")
    admin = next(c for c in accounts.make_first() if c.role is Role.ADMIN)
    with pytest.raises(NameRefused, match="caseloop account password admin"):
        accounts.add("admin", Role.LEARNER)
    known = accounts.verify("admin", admin.password)
    assert known is not None
    assert known.role is Role.ADMIN


def test_names_that_differ_in_capitals_only_are_one_person_as_in_the_hub(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    made = accounts.add("Lena", Role.LEARNER)
    assert made.name == "lena"
    assert accounts.verify("LENA", made.password) is not None
    with pytest.raises(NameRefused, match="already"):
        accounts.add("lenA", Role.ADMIN)
    assert accounts.renew("Lena") is not None


@pytest.mark.parametrize("name", ["", " ", " lena", "lena\n", "a/b", "a\x00b", "x" * 256])
def test_a_name_that_the_hub_would_refuse_is_refused_when_it_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(NameRefused, match="no sign-in name"):
        Accounts(tmp_path / "accounts.json").add(name, Role.LEARNER)
    assert Accounts(tmp_path / "accounts.json").all() == ()
