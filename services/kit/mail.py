"""Mail as services send it: plain text to one person, sent once."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Protocol

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_ID: Final = re.compile(r"[0-9a-f]{32}")
_LONGEST_ADDRESS: Final = 254
"""RFC 5321, with the angle brackets left out."""
_LONGEST_SUBJECT: Final = 300


class MailRefused(Exception):
    """This mail can never be sent: a header that is none, or a recipient whom the server does not know."""


class MailFailed(Exception):
    """The mail could not be sent now; trying again later is right."""


def is_address(text: str) -> bool:
    """Whether this is one plain e-mail address: no name, no comment, no quoted part, ASCII only."""
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True)
class Mail:
    """One mail to one recipient. Raises `MailRefused` when a header would hold what a header must not."""

    id: str
    """32 hexadecimal digits; the same id is the same mail, however often it is handed over."""
    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise MailRefused(f"{self.id[:80]!r} is no id of a mail: it has 32 hexadecimal digits")
        if not is_address(self.to):
            raise MailRefused(f"{self.to[:80]!r} is no e-mail address")
        if not self.subject.isprintable() or len(self.subject) > _LONGEST_SUBJECT:
            # A line break in a header begins a header of the attacker's own.
            raise MailRefused(f"the subject {self.subject[:80]!r} holds control characters, or is too long")

    def message(self, sender: str) -> EmailMessage:
        """The mail as it goes over the wire. Raises `MailRefused` when `sender` is no address."""
        if not is_address(sender):
            raise MailRefused(f"{sender[:80]!r} is no e-mail address")
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = sender, self.to, self.subject
        # The same id again: a receiver that got the mail twice drops the second one.
        message["Message-ID"] = f"<{self.id}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        # Half a character pair, which learners' text may hold, cannot be encoded.
        message.set_content(self.text.encode("utf-8", "replace").decode("utf-8"))
        return message


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """Send it. Raises `MailRefused` and `MailFailed`.

        Handing the same mail over again, because the first time's end was never heard of, is harmless: it has the same
        id, and an adapter that can tell sends nothing.
        """
        ...
