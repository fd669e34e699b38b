import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from typing import Literal

from services.kit.mail import Mail, MailFailed, MailRefused


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    context: ssl.SSLContext | None = None
    """None: the system's authorities."""
    timeout: float = 20.0

    def __repr__(self) -> str:
        """Without the password: it would end in a log."""
        return f"SmtpServer({self.host}:{self.port}, {self.tls})"


class SmtpMailer:
    """Hands mails to an SMTP server, one connection a mail.

    When the server took the mail but its answer got lost, the next attempt hands the same Message-ID over again; SMTP
    allows no more.
    """

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self._server, self._sender = server, sender

    async def send(self, mail: Mail) -> None:
        """As `Mailer.send`."""
        message = mail.message(self._sender)
        try:
            await asyncio.to_thread(self._hand_over, message.as_bytes(), mail.to)
        except smtplib.SMTPRecipientsRefused as error:
            _raise(max(code for code, _ in error.recipients.values()), error)
        except smtplib.SMTPDataError as error:
            _raise(error.smtp_code, error)
        except (smtplib.SMTPException, OSError) as error:
            # A refused sender or password among them: that is for an operator to mend, and the mail can wait for it.
            raise MailFailed(f"{self._server!r} did not take a mail: {error!r}") from error

    def _hand_over(self, content: bytes, to: str) -> None:
        server = self._server
        context = server.context or ssl.create_default_context()
        with self._connection(context) as connection:
            if server.tls == "starttls":
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
            connection.sendmail(self._sender, [to], content)

    def _connection(self, context: ssl.SSLContext) -> smtplib.SMTP:
        server = self._server
        if server.tls == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=server.timeout)


def _raise(code: int, error: smtplib.SMTPException) -> None:
    if 500 <= code < 600:
        raise MailRefused(f"the mail server refused a mail for good: {error!r}") from error
    raise MailFailed(f"the mail server did not take a mail: {error!r}") from error
