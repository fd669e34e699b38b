"""A language model that cannot be used is told before anything starts, and its key goes no further than needed."""

import pytest

from infra.embedded import without_secrets
from infra.machine import CannotStart, _check_model


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KIND", "NAME", "URL", "REMOTE_ACKNOWLEDGED", "SCRIPT"):
        monkeypatch.delenv(f"CASELOOP_MODEL_{name}", raising=False)


def test_without_a_model_there_is_nothing_to_say() -> None:
    _check_model()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"KIND": "vllm"}, "CASELOOP_MODEL_NAME"),
        ({"KIND": "vllm", "NAME": "m", "URL": "https://models.example/v1"}, "CASELOOP_MODEL_REMOTE_ACKNOWLEDGED=1"),
        ({"KIND": "vllm", "NAME": "m", "URL": "nowhere"}, "CASELOOP_MODEL_URL"),
        ({"KIND": "scripted", "SCRIPT": "/no/such/file.toml"}, "cannot be read"),
    ],
)
def test_a_model_that_cannot_be_used_is_told_with_the_setting(
    variables: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"CASELOOP_MODEL_{name}", value)
    with pytest.raises(CannotStart, match=says):
        _check_model()


def test_keys_of_the_model_and_mail_servers_are_for_the_services_only() -> None:
    keys = {"CASELOOP_MODEL_API_KEY": "secret", "CASELOOP_MAIL_SMTP_PASSWORD": "secret"}
    own = without_secrets(keys | {"CASELOOP_MODEL_KIND": "vllm", "PATH": "/bin"})
    assert own == {"CASELOOP_MODEL_KIND": "vllm", "PATH": "/bin"}
