from pathlib import Path

import pytest

from spawner.interpreter import UnusablePython, find_interpreter


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An installation of Python outside /usr."""
    python = tmp_path / "pythons" / "3.12.1" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text("")
    return python.parent.parent


@pytest.fixture
def env(tmp_path: Path, base: Path) -> Path:
    """A virtual environment of it."""
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")
    (tmp_path / "env" / "bin" / "python").symlink_to(base / "bin" / "python3")
    return tmp_path / "env"


def test_the_environment_and_its_installation_are_shown_and_nothing_else(env: Path, base: Path) -> None:
    shown = find_interpreter(env, ())
    assert {(mount.source, mount.target) for mount in shown.mounts} == {(env, str(env)), (base, str(base))}
    assert not any(mount.writable for mount in shown.mounts)
    assert shown.links == {}


def test_links_on_the_way_to_the_installation_are_made_inside_too(env: Path, base: Path) -> None:
    newest = base.parent / "3.12"
    newest.symlink_to(base)
    (env / "bin" / "python").unlink()
    (env / "bin" / "python").symlink_to(newest / "bin" / "python3")
    targets = {mount.target for mount in find_interpreter(env, ()).mounts}
    assert targets == {str(env), str(base), str(newest)}


def test_an_environment_with_a_copied_python_shows_what_it_was_copied_from(env: Path, base: Path) -> None:
    (env / "bin" / "python").unlink()
    (env / "bin" / "python").write_text("")
    assert str(base) in {mount.target for mount in find_interpreter(env, ()).mounts}
    (env / "pyvenv.cfg").write_text("version = 3.12.1\n")
    with pytest.raises(UnusablePython, match="make setup"):
        find_interpreter(env, ())


def test_an_installation_that_would_show_what_is_private_is_refused(env: Path, base: Path) -> None:
    home = base / "caseloop"
    home.mkdir()
    with pytest.raises(UnusablePython, match=f"learners would see {home}"):
        find_interpreter(env, (home,))


def test_what_is_no_environment_is_told_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UnusablePython, match="run `make setup`"):
        find_interpreter(tmp_path / "nowhere", ())
