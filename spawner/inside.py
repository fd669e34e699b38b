"""How a learner's environment looks from inside, whatever isolates it."""

from dataclasses import dataclass
from pathlib import Path

HOME = "/home/learner"
BOX = "/run/caseloop"
"""Where the environment's own box is seen inside: its server's socket."""
IDENTITY = "/run/identity"
"""Certificate and authority, read-only."""
HUB = "/run/hub"
GATEWAY = "/run/gateway"


@dataclass(frozen=True)
class Mount:
    """A host folder or file shown inside, read-only unless said otherwise."""

    source: Path
    target: str
    writable: bool = False
