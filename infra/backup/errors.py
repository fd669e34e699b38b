"""What can be in the way. Every message says what, where, and what to do.

BackupError
├── KeyRefused      a key, a passphrase or a file of keys cannot be used
├── ArchiveRefused  an archive is not whole, not ours, or not to be trusted; nothing was changed
├── BackupFailed    no archive was made
└── RestoreRefused  this system cannot be restored into; nothing was changed
"""


class BackupError(Exception):
    """Something about a backup that a person must look at."""


class KeyRefused(BackupError):
    """A key, a passphrase or a file of keys cannot be used."""


class ArchiveRefused(BackupError):
    """An archive is not whole, not ours, or not to be trusted. Nothing was changed."""


class BackupFailed(BackupError):
    """No archive was made."""


class RestoreRefused(BackupError):
    """This system cannot be restored into. Nothing was changed."""
