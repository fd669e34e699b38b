from pathlib import Path

from infra.accounts import Accounts
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


def test_a_new_password_replaces_the_old_one(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    old = accounts.add("lena", Role.LEARNER)
    new = accounts.add("lena", Role.LEARNER)
    assert accounts.verify("lena", old.password) is None
    assert accounts.verify("lena", new.password) is not None
    assert len(accounts.all()) == 1
