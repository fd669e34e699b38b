"""What a learner's code did to functions and names is found, whatever it says of itself, and put back."""

import pytest

from services.runner.sandbox.pristine import _Code, _Names
from tests.unit.runner.sample_functions import functions, other


class Liar:
    """Equal to everything."""

    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class TestCode:
    def test_untouched_functions_are_as_they_were(self) -> None:
        assert _Code(functions()).restore() is False

    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("__code__", other.__code__),
            ("__defaults__", (7,)),
            ("__defaults__", None),
            ("__defaults__", (Liar(),)),
            ("__kwdefaults__", {"third": 7}),
            ("__kwdefaults__", None),
        ],
    )
    def test_what_was_replaced_is_put_back(self, attribute: str, value: object) -> None:
        found = functions()
        before = [getattr(function, attribute) for function in found]
        code = _Code(found)
        setattr(found[1], attribute, value)
        assert code.restore() is True
        assert [getattr(function, attribute) for function in found] == before
        assert found[1](1) == 4
        assert code.restore() is False

    def test_defaults_for_a_function_that_had_none_are_taken_away(self) -> None:
        found = functions()
        code = _Code(found)
        found[0].__defaults__ = ([1, 2],)
        assert code.restore() is True
        assert found[0].__defaults__ is None

    def test_what_is_no_part_of_what_it_does_does_not_count(self) -> None:
        found = functions()
        code = _Code(found)
        vars(found[0])["note"] = "of a library's own"
        assert code.restore() is False


class TestNames:
    @pytest.mark.parametrize("names", [{}, {"one": object()}, {"one": object(), "two": object(), "three": object()}])
    def test_the_same_objects_hold(self, names: dict[str, object]) -> None:
        assert _Names(dict(names)).hold_in({**names, "more": object()}) is True

    @pytest.mark.parametrize("name", ["one", "two", "three"])
    def test_another_object_does_not_hold_even_if_it_equals_the_first(self, name: str) -> None:
        names = {"one": object(), "two": object(), "three": object()}
        assert _Names(names).hold_in({**names, name: Liar()}) is False

    @pytest.mark.parametrize("names", [{"one": 1}, {"one": 1, "two": 2}])
    def test_a_name_that_is_gone_does_not_hold(self, names: dict[str, object]) -> None:
        assert _Names(names).hold_in({"two": 2} if len(names) == 2 else {}) is False

    def test_of_one_name_alone_the_object_counts(self) -> None:
        assert _Names({"one": 1}).hold_in({"one": Liar()}) is False
