import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path

from services.kit.mail import Mail, MailFailed
from vault.files import private_folder, sync_folder


class OutboxMailer:
    """A folder of mails, one .eml file each, for machines that send none: `<id>.eml`, readable by nobody else.

    Args:
        folder: made when the first mail comes.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    async def send(self, mail: Mail) -> None:
        """As `Mailer.send`; a mail that is there already stays as it is."""
        content = mail.message(self._sender).as_bytes()
        try:
            await asyncio.to_thread(self._keep, f"{mail.id}.eml", content)
        except OSError as error:
            raise MailFailed(f"a mail could not be written into {self._folder}: {error}") from error

    def _keep(self, name: str, content: bytes) -> None:
        target = private_folder(self._folder) / name
        if target.exists():
            return
        draft = target.with_name(f".{name}.{secrets.token_hex(6)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # link, not rename: of two at once the first one stays.
            with suppress(FileExistsError):
                os.link(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(self._folder)
