"""What every mailer promises; a new adapter is added to `POSTS`."""

import asyncio
import email
import email.policy
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.adapters.mail_smtp import SmtpMailer, SmtpServer
from services.kit.mail import Mail, Mailer, MailFailed, MailRefused, is_address

SENDER = "caseloop@school.example"
POSTS = ("outbox", "smtp")


def mail(**other: str) -> Mail:
    values = {"id": "a" * 32, "to": "ada@school.example", "subject": "Größe – eine Antwort", "text": "Zeile\n.\nÜ\n"}
    return Mail(**(values | other))


class Server:
    """A real SMTP server's handler: keeps what it takes, refuses whom it does not know."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:
        if address.startswith("nobody@"):
            return "550 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.encrypted.append(session.ssl is not None)
            content = envelope.content
            assert isinstance(content, bytes)
            self.taken.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        return self.answer


def authority(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail under test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "mail.crt", folder / "mail.key"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@asynccontextmanager
async def smtp_server(
    folder: Path, handler: Server, password: bytes | None = None
) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """A server that demands STARTTLS, and a password when one is given: (port, the context that trusts it)."""
    certificate, key = authority(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def signed_in(server: SMTP, session: Session, envelope: Envelope, kind: str, given: LoginPassword) -> AuthResult:
        # not handled: it is the server that answers a wrong one
        return AuthResult(success=given.password == password, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            handler,
            hostname="mail.school.example",
            tls_context=context,
            require_starttls=True,
            auth_required=password is not None,
            authenticator=signed_in,
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], ssl.create_default_context(cafile=str(certificate))


class Post:
    """A mailer, and what came of its mails."""

    def __init__(self, mailer: Mailer, server: Server | None, folder: Path) -> None:
        self.mailer, self._server, self._folder = mailer, server, folder

    def arrived(self) -> list[EmailMessage]:
        if self._server is not None:
            return self._server.taken
        files = sorted(self._folder.glob("*.eml"))
        return [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files]  # type: ignore


@asynccontextmanager
async def post_of(kind: str, folder: Path) -> AsyncIterator[Post]:
    outbox = folder / "outbox"
    if kind == "outbox":
        yield Post(OutboxMailer(outbox, SENDER), None, outbox)
        return
    handler = Server()
    async with smtp_server(folder, handler) as (port, context):
        yield Post(SmtpMailer(SmtpServer("127.0.0.1", port, context=context), SENDER), handler, outbox)


@pytest.fixture(params=POSTS)
async def post(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Post]:
    async with post_of(request.param, tmp_path) as post:
        yield post


async def test_a_mail_arrives_word_for_word(post: Post) -> None:
    await post.mailer.send(mail())
    (arrived,) = post.arrived()
    assert arrived["Subject"] == "Größe – eine Antwort"
    assert (arrived["From"], arrived["To"]) == (SENDER, "ada@school.example")
    assert arrived["Message-ID"] == f"<{'a' * 32}@school.example>"
    assert arrived.get_content().replace("\r\n", "\n") == "Zeile\n.\nÜ\n"
    assert arrived.get_content_type() == "text/plain"


async def test_the_same_mail_has_the_same_id_every_time(post: Post) -> None:
    await post.mailer.send(mail())
    await post.mailer.send(mail())
    assert {arrived["Message-ID"] for arrived in post.arrived()} == {f"<{'a' * 32}@school.example>"}


@pytest.mark.parametrize("subject", ["a\nBcc: all@school.example", "a\r\nX: y", "a\x00", "a\u2028b", "s" * 301])
def test_a_subject_that_would_be_a_header_of_its_own_is_refused(subject: str) -> None:
    with pytest.raises(MailRefused, match="subject"):
        mail(subject=subject)


@pytest.mark.parametrize(
    "address",
    ["a@b.example\nBcc: c@d.example", "a@b.example, c@d.example", "A <a@b.example>", "a@", "@b.example", "a@b..c"],
)
def test_an_address_that_is_more_than_one_is_refused(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(MailRefused, match="no e-mail address"):
        mail(to=address)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 31, "A" * 32, ""])
def test_an_id_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(MailRefused, match="no id"):
        mail(id=name)


async def test_an_outbox_keeps_each_mail_once_and_for_nobody_else(tmp_path: Path) -> None:
    async with post_of("outbox", tmp_path) as post:
        await asyncio.gather(*(post.mailer.send(mail(text=f"Try {n}")) for n in range(8)))
        first = post.arrived()[0].get_content()
        await post.mailer.send(mail(text="Another"))
    files = list((tmp_path / "outbox").iterdir())
    assert [file.name for file in files] == [f"{'a' * 32}.eml"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    assert post.arrived()[0].get_content() == first


async def test_an_outbox_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(MailFailed, match="could not be written"):
        await OutboxMailer(tmp_path / "file" / "outbox", SENDER).send(mail())


async def test_smtp_is_encrypted_and_signed_in(tmp_path: Path) -> None:
    handler = Server()
    async with smtp_server(tmp_path, handler, b"right") as (port, context):
        server = SmtpServer("127.0.0.1", port, user="caseloop", password="right", context=context)
        await SmtpMailer(server, SENDER).send(mail())
        wrong = SmtpServer("127.0.0.1", port, user="caseloop", password="wrong", context=context)
        with pytest.raises(MailFailed, match="535") as refused:
            await SmtpMailer(wrong, SENDER).send(mail())
    assert handler.encrypted == [True]
    assert "wrong" not in str(refused.value)
    assert "right" not in repr(server)


async def test_a_server_that_nobody_vouches_for_gets_no_mail(tmp_path: Path) -> None:
    handler = Server()
    async with smtp_server(tmp_path, handler) as (port, _):
        with pytest.raises(MailFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await SmtpMailer(SmtpServer("127.0.0.1", port), SENDER).send(mail())
        # A server that insists on encryption and settings that have none: the settings are to be mended.
        with pytest.raises(MailFailed, match="STARTTLS"):
            await SmtpMailer(SmtpServer("127.0.0.1", port, tls="none"), SENDER).send(mail())
    assert handler.taken == []


async def test_smtp_tells_never_from_not_now(tmp_path: Path) -> None:
    handler = Server()
    async with smtp_server(tmp_path, handler) as (port, context):
        mailer = SmtpMailer(SmtpServer("127.0.0.1", port, context=context), SENDER)
        with pytest.raises(MailRefused, match="no such mailbox"):
            await mailer.send(mail(to="nobody@school.example"))
        handler.answer = "554 spam"
        with pytest.raises(MailRefused, match="spam"):
            await mailer.send(mail())
        handler.answer = "451 busy"
        with pytest.raises(MailFailed, match="busy"):
            await mailer.send(mail())
        handler.answer = "250 OK"
        await mailer.send(mail())
    with pytest.raises(MailFailed):
        await mailer.send(mail())
    assert len(handler.taken) == 1
