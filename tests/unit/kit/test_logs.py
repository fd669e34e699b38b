import io
import json
import logging

import pytest
import structlog

from services.kit.logs import configure_logs, hide_secrets
from services.kit.settings import LogSettings

JWT = "eyJhbGciOiJFZERTQSJ9.eyJ1c2VyIjoibGVuYSJ9.c2lnbmF0dXJl"


@pytest.fixture
def configure():
    """Set logging up on a stream of the test's, and put everything back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()

    def set_up(**changes) -> io.StringIO:
        configure_logs(LogSettings(**changes), stream)
        return stream

    yield set_up
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_event_fields_level_time_logger_and_request_id(configure):
    stream = configure(format="json")
    with structlog.contextvars.bound_contextvars(request_id="r-1", service="gateway"):
        structlog.get_logger("services.x").info("case published", case="c-1", number=3)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "case published",
        "case": "c-1",
        "number": 3,
        "level": "info",
        "logger": "services.x",
        "request_id": "r-1",
        "service": "gateway",
    }


def test_lines_of_libraries_come_in_the_same_form(configure):
    stream = configure(format="json")
    with structlog.contextvars.bound_contextvars(request_id="r-2"):
        logging.getLogger("some.library").warning("disk %s is full", "sda")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["request_id"]) == ("disk sda is full", "warning", "r-2")


def test_levels_are_obeyed(configure):
    stream = configure(level="warning", format="json")
    structlog.get_logger("a").info("quiet")
    structlog.get_logger("a").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_reaches_a_line(configure, form):
    stream = configure(format=form)
    log = structlog.get_logger("a")
    log.info("call", headers={"Authorization": "token 0123456789abcdef0", "Caseloop-Scope": JWT, "Accept": "x/y"})
    log.info(f"tried {JWT} in vain", api_token="hunter2", nested=[{"password": "hunter2"}, ("Bearer hunter2hunter2",)])
    try:
        raise ValueError(f"bad token {JWT}, header: Bearer hunter2hunter2")
    except ValueError:
        log.exception("failed")
    logging.getLogger("library").error("Authorization: token hunter2hunter2hunter2")
    log.info("key", text="-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----")
    text = stream.getvalue()
    for secret in ("hunter2", "0123456789abcdef0", JWT.split(".")[2]):
        assert secret not in text
    for kept in ("x/y", "in vain", "ValueError", "Traceback"):
        assert kept in text


def test_console_lines_of_one_event_stay_one_line(configure):
    stream = configure(format="console")
    structlog.get_logger("a").info("submitted", user="lena\n2026-01-01 [info] forged")
    assert len(stream.getvalue().splitlines()) == 1


def test_hiding_leaves_ordinary_values_alone():
    event = {"event": "token of a cell", "count": 3, "none": None, "path": "/a/b", "secret": ""}
    assert hide_secrets(None, "", dict(event)) == event
