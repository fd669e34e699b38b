import pytest

from vault.identity import Identity, InvalidIdentity
from vault.trust import CALLS, LISTENERS, SERVICES, may_call

ENVIRONMENT = Identity.env("lena", "c", "a" * 64, "n")


def test_an_environment_reaches_the_gateway_and_nothing_else():
    assert [callee for callee in SERVICES if may_call(ENVIRONMENT, callee)] == ["gateway"]


@pytest.mark.parametrize("callee", LISTENERS)
def test_an_unknown_service_reaches_nothing(callee):
    assert not may_call(Identity.service("stranger"), callee)


def test_a_service_named_env_is_no_environment():
    """A word in the graph that stands for a kind must not be reachable by taking it as a name."""
    with pytest.raises(InvalidIdentity):
        Identity.service("env")


def test_a_learner_named_like_a_service_is_no_service():
    assert not may_call(Identity.env("gateway", "c", "a" * 64, "n"), "progress")


def test_only_feedback_reaches_the_runner():
    assert [name for name in SERVICES if may_call(Identity.service(name), "runner")] == ["feedback", "supervisor"]


def test_the_runner_reaches_nothing_but_case_data():
    assert [callee for callee in LISTENERS if may_call(Identity.service("runner"), callee)] == ["cases"]


def test_nobody_calls_himself_or_somebody_who_does_not_listen():
    for caller, callees in CALLS.items():
        assert caller not in callees
        assert callees <= set(LISTENERS)
