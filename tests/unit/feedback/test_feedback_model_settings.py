import ssl
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from feedback.model.adapters import scripted
from feedback.model.errors import ModelMisconfigured, RemoteModelNotAcknowledged
from feedback.model.port import ModelMessage, ModelRequest, complete
from feedback.model.settings import ModelSettings
from feedback.model.tls import client_context
from feedback.model.wiring import open_model
from tests.openai_double import NAME, OpenAIDouble
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity

SECRET = "sk-do-not-tell-anybody"
ASKED = ModelRequest("chat", (ModelMessage("user", "Why?"),))


def of(url: str, **more: object) -> ModelSettings:
    return ModelSettings(kind="vllm", name="m", url=url, **more)


def test_the_defaults_are_those_that_the_documentation_names():
    settings = ModelSettings()
    assert settings.kind == "none"
    assert (settings.attempts, settings.backoff, settings.time_limit) == (2, 0.4, 30)
    assert (settings.breaker_failures, settings.breaker_pause) == (5, 30)
    assert (settings.slots, settings.slot_wait, settings.slot_expiry) == (2, 10, 120)
    assert (settings.response_chars, settings.max_tokens) == (2200, 400)
    assert settings.remote_acknowledged is False


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"KIND": "vllm", "API_KEY": SECRET, "SLOTS": "7", "NAME": "qwen"}.items():
        monkeypatch.setenv(f"CASELOOP_MODEL_{name}", value)
    settings = ModelSettings()
    assert (settings.kind, settings.slots, settings.name) == ("vllm", 7, "qwen")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == SECRET


def test_the_key_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CASELOOP_MODEL_API_KEY", SECRET)
    settings = ModelSettings()
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    monkeypatch.setenv("CASELOOP_MODEL_SLOTS", SECRET)
    with pytest.raises(ValueError) as caught:
        ModelSettings()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("field", "value"), [("response_chars", 199), ("slots", 0), ("attempts", 0), ("backoff", -1)])
def test_a_limit_out_of_range_is_refused(field: str, value: int):
    with pytest.raises(ValueError, match=field):
        ModelSettings(**{field: value})


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
        ("https://127.0.0.1/models/v1", "https://127.0.0.1/models/v1"),
    ],
)
def test_the_path_is_completed(given: str, used: str):
    assert of(given).base_url == used


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example.org/v1",
        "https://10.0.0.7/v1",
        "https://192.168.1.2:8000",
        "https://0.0.0.0:8000",
        "https://localhost.example.org",
        "https://[2001:db8::1]/v1",
        "https://2130706433/v1",
        "https://127.0.0.1.nip.example/v1",
    ],
)
def test_another_machine_needs_somebodys_word(url: str):
    with pytest.raises(RemoteModelNotAcknowledged, match="CASELOOP_MODEL_REMOTE_ACKNOWLEDGED=1") as caught:
        of(url).require_usable()
    assert caught.value.error == "remote_model_not_acknowledged"
    assert "learners'" in str(caught.value)
    of(url, remote_acknowledged=True).require_usable()


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "http://127.0.0.1:9/v1", "http://127.9.9.9", "http://[::1]"]
)
def test_this_machine_needs_none(url: str):
    of(url).require_usable()


def test_a_unix_socket_is_this_machine():
    of("http://model/v1", socket=Path("/run/vllm.sock")).require_usable()


def test_learners_texts_do_not_cross_a_network_unencrypted():
    with pytest.raises(ModelMisconfigured, match="https://"):
        of("http://models.example.org/v1", remote_acknowledged=True).require_usable()


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://localhost", "http://", "http://[::1", "http://localhost:99999", "http://a:b@[::1]"],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str):
    with pytest.raises(ModelMisconfigured, match="CASELOOP_MODEL_URL") as caught:
        of(url).require_usable()
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize("part", ["?key=secret", "#top"])
def test_an_address_ends_with_its_path(part: str):
    with pytest.raises(ModelMisconfigured, match="end with its path"):
        of(f"http://localhost/v1{part}").require_usable()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": ""}, "CASELOOP_MODEL_NAME"),
        ({"key": Path("k.pem")}, "CASELOOP_MODEL_CERTIFICATE"),
        ({"ca": Path("ca.pem")}, "https"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, object], says: str):
    given = ModelSettings.model_validate({"kind": "vllm", "name": "m"} | settings)
    with pytest.raises(ModelMisconfigured, match=says):
        given.require_usable()


class TestTls:
    def test_both_sides_are_checked(self, tmp_path: Path):
        authority = LocalAuthority(tmp_path / "authority")
        leaf = authority.issue(Identity.service("feedback"), tmp_path / "client.pem").path
        context = client_context(of("https://localhost", ca=authority.bundle, certificate=leaf))
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname is True
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2

    def test_a_missing_file_is_named(self, tmp_path: Path):
        with pytest.raises(ModelMisconfigured, match="no-ca"):
            client_context(of("https://localhost", ca=tmp_path / "no-ca.pem"))
        with pytest.raises(ModelMisconfigured, match="no-cert"):
            client_context(of("https://localhost", certificate=tmp_path / "no-cert.pem"))

    def test_a_file_without_a_certificate_is_named(self, tmp_path: Path):
        wrong = tmp_path / "wrong.pem"
        wrong.write_text("no certificate")
        with pytest.raises(ModelMisconfigured, match="wrong"):
            client_context(of("https://localhost", ca=wrong))
        with pytest.raises(ModelMisconfigured, match="wrong"):
            client_context(of("https://localhost", certificate=wrong))


class TestOpening:
    async def test_without_a_model_there_is_none(self):
        async with open_model(ModelSettings(), CollectorRegistry()) as model:
            assert model is None

    async def test_a_remote_server_is_not_opened_without_a_word(self):
        with pytest.raises(RemoteModelNotAcknowledged):
            async with open_model(of("https://models.example.org/v1")):
                pass

    async def test_a_server_is_used_with_its_key_and_nothing_of_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("OPENAI_ORG_ID", "must-not-be-sent")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        registry = CollectorRegistry()
        async with OpenAIDouble(SECRET).serving() as double:
            settings = ModelSettings(kind="vllm", name=NAME, url=double.url, api_key=SECRET)
            async with open_model(settings, registry) as model:
                assert model is not None
                await complete(model, ASKED)
            assert double.headers[0]["authorization"] == f"Bearer {SECRET}"
            assert "must-not-be-sent" not in str(double.headers)
        labels = {"purpose": "chat", "outcome": "answered"}
        assert registry.get_sample_value("caseloop_model_requests_total", labels) == 1

    async def test_the_scripted_model_says_that_it_is_none(self, monkeypatch: pytest.MonkeyPatch):
        # a logger keeps the processors of its first use
        monkeypatch.setattr(scripted, "_log", structlog.get_logger())
        with capture_logs() as logs:
            async with open_model(ModelSettings(kind="scripted")) as model:
                assert model is not None
                assert model.name == "scripted"
        assert [log["log_level"] for log in logs if "no language model" in log["event"]] == ["warning"]

    async def test_the_scripted_model_reads_its_file(self, tmp_path: Path):
        script = tmp_path / "script.toml"
        script.write_text('[answers]\nchat = ["From the file."]\n')
        async with open_model(ModelSettings(kind="scripted", script=script)) as model:
            assert model is not None
            assert (await complete(model, ASKED)).text == "From the file."
