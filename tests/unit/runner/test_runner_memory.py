"""Objects are looked at without touching them: what was changed is found, and looking copies no page in a fork."""

import array
import gc
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.runner.sandbox import memory
from services.runner.sandbox.memory import Versions, Words, fields
from tests.unit.runner.sample_functions import functions, other

PROJECT = Path(__file__).parents[3]


@pytest.fixture(params=["with NumPy", "without NumPy"], autouse=True)
def numpy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("numpy") if request.param == "with NumPy" else None
    monkeypatch.setattr(memory, "library", lambda _: module)


class TestWords:
    def test_none_at_all_hold(self) -> None:
        assert Words([]).hold() is True
        assert Words([]).others() == []

    def test_the_changed_number_is_told(self) -> None:
        numbers = array.array("Q", [1, 2, 3])
        start, _ = numbers.buffer_info()
        words = Words([start, start + 8, start + 16])
        assert words.hold() is True
        numbers[1] = 7
        assert words.hold() is False
        assert words.others() == [1]
        numbers[1] = 2
        assert words.hold() is True


class TestVersions:
    @pytest.mark.parametrize(
        "change",
        [
            lambda names: names.update(new=1),
            lambda names: names.update(first=2),
            lambda names: names.pop("first"),
            lambda names: names.setdefault("new", 1),
            lambda names: names.clear(),
            lambda names: exec("first = 5", names),
            lambda names: names.__ior__({"first": 9}),
        ],
    )
    def test_a_changed_dictionary_is_told_and_no_other(self, change: Callable[[dict[str, Any]], object]) -> None:
        found: list[dict[str, Any]] = [{"first": object(), "second": 2} for _ in range(3)]
        versions = Versions(found)
        assert versions.changed() == []
        change(found[1])
        assert versions.changed() == [1]

    def test_a_class_that_was_given_another_method_is_told(self) -> None:
        class Kind:
            def method(self) -> int:
                return 1

        class Untouched:
            pass

        found = [gc.get_referents(vars(kind))[0] for kind in (Untouched, Kind)]
        versions = Versions(found)
        assert Kind().method() == 1
        assert versions.changed() == []
        Kind.method = lambda _: 2  # type: ignore[method-assign]
        assert versions.changed() == [1]

    def test_a_module_that_was_given_another_function_is_told(self) -> None:
        module = types.ModuleType("module")
        exec("def f(): return total\ntotal = 1\ndef g():\n    global total\n    total += 1", vars(module))
        versions = Versions([vars(module)])
        assert module.f() == 1
        assert versions.changed() == []
        module.g()
        assert versions.changed() == [0]

    def test_what_is_no_dictionary_may_always_have_changed(self) -> None:
        versions = Versions([{}, None, {}, types.MappingProxyType({})])
        assert versions.changed() == [1, 3]

    def test_a_python_without_versions_tells_that_all_may_have_changed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "_VERSION", 16)  # the number of entries, which a replaced value leaves as it is
        assert Versions([{}, None, {}]).changed() == [0, 1, 2]


class TestFields:
    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("__code__", other.__code__),
            ("__defaults__", (7,)),
            ("__defaults__", None),
            ("__kwdefaults__", {"third": 7}),
            ("__kwdefaults__", None),
        ],
    )
    def test_what_a_function_does_is_looked_at(self, attribute: str, value: object) -> None:
        found = functions()
        words = fields(found)
        assert words is not None
        assert found[0]([1, 2]) == 3
        assert found[1](1) == 4
        assert words.hold() is True
        setattr(found[1], attribute, value)
        assert words.hold() is False

    def test_names_and_notes_are_not(self) -> None:
        found = functions()
        words = fields(found)
        found[0].__name__ = "renamed"
        vars(found[0])["note"] = "of a library's own"
        assert words is not None
        assert words.hold() is True

    def test_a_python_that_keeps_them_elsewhere_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "_MEMORY", _Zeros())
        assert fields(functions()) is None


class _Zeros:
    def __getitem__(self, _: int) -> int:
        return 0


_LOOKING = """
import gc, os, resource, numpy
from services.runner.sandbox.memory import Versions, fields
functions = [eval("lambda value, other=%d: value" % n) for n in range(20_000)]
dictionaries = [{"name": n} for n in range(20_000)]
words, versions = fields(functions), Versions(dictionaries)
gc.disable()
def faults(look):
    if os.fork() == 0:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        look()
        os.write(1, b"%d " % (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before))
        os._exit(0)
    os.wait()
faults(lambda: (words.hold(), versions.changed()))
faults(lambda: [(f.__code__, f.__defaults__) for f in functions] + [d["name"] for d in dictionaries])
"""


def test_looking_copies_no_page_of_what_is_looked_at() -> None:
    run = subprocess.run([sys.executable, "-c", _LOOKING], cwd=PROJECT, capture_output=True, text=True, check=True)
    reading, touching = map(int, run.stdout.split())
    assert reading * 4 < touching
