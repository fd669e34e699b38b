from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.feedback import Feedback, Verdict
from services.contracts.progress import SubtaskState
from services.progress.states import Standing, furthest
from services.progress.thinning import KeptState, to_drop

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

verdicts = st.lists(st.tuples(st.sampled_from(Verdict), st.floats(0, 10)), max_size=12)
ages = st.lists(st.integers(0, 60 * 24 * 40), min_size=1, max_size=60).map(lambda a: sorted(a, reverse=True))


def states_of(minutes_ago: list[int], size: int = 1) -> list[KeptState]:
    return [KeptState(n, NOW - timedelta(minutes=age), size) for n, age in enumerate(minutes_ago)]


class TestStanding:
    @given(verdicts)
    def test_it_only_ever_gets_better(self, history: list[tuple[Verdict, float]]) -> None:
        standing = Standing(SubtaskState.IN_PROGRESS, 0, 0)
        for verdict, points in history:
            after = standing.after(Feedback(verdict=verdict, headline="", points=points))
            assert after.points >= standing.points
            assert after.attempts >= standing.attempts
            assert furthest(standing.state, after.state) is after.state
            standing = after
        assert (standing.state is SubtaskState.APPROVED) == any(v is Verdict.APPROVED for v, _ in history)
        assert standing.attempts == sum(v is not Verdict.COULD_NOT_JUDGE for v, _ in history)

    def test_polish_outlives_a_mere_approval(self) -> None:
        assert furthest(SubtaskState.POLISHED, SubtaskState.APPROVED) is SubtaskState.POLISHED


class TestThinning:
    @given(ages)
    def test_the_newest_and_the_last_day_stay(self, minutes_ago: list[int]) -> None:
        dropped = set(to_drop(states_of(minutes_ago), NOW, budget=10**9))
        assert len(minutes_ago) - 1 not in dropped
        assert all(minutes_ago[key] > 24 * 60 for key in dropped)

    @given(ages)
    def test_thinning_twice_drops_nothing_more(self, minutes_ago: list[int]) -> None:
        states = states_of(minutes_ago)
        dropped = set(to_drop(states, NOW, budget=10**9))
        assert to_drop([s for s in states if s.key not in dropped], NOW, budget=10**9) == []

    @given(ages)
    def test_every_day_keeps_a_state(self, minutes_ago: list[int]) -> None:
        states = states_of(minutes_ago)
        dropped = set(to_drop(states, NOW, budget=10**9))
        assert {s.saved.date() for s in states} == {s.saved.date() for s in states if s.key not in dropped}

    @given(ages, st.integers(1, 30))
    def test_the_budget_holds_but_for_the_newest(self, minutes_ago: list[int], budget: int) -> None:
        states = states_of(minutes_ago)
        kept = len(states) - len(to_drop(states, NOW, budget))
        assert 1 <= kept <= max(1, budget)

    @pytest.mark.parametrize("size", [1, 10**12])
    def test_a_single_state_stays_whatever_its_age_and_size(self, size: int) -> None:
        assert to_drop(states_of([10**6], size), NOW, budget=10) == []

    def test_no_state_no_work(self) -> None:
        assert to_drop([], NOW, budget=10) == []
