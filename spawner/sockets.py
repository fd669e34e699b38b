from pathlib import Path
from typing import Final
from urllib.parse import quote

SCHEME: Final = "http+unix://"


def socket_address(socket: Path) -> str:
    """A unix socket as the Hub and its proxy write it.

    The Hub takes the path for a host's name and makes its letters small, so capital ones are escaped as well.
    """
    escaped = (f"%{ord(one):02X}" if "A" <= one <= "Z" else quote(one, safe="") for one in str(socket))
    return f"{SCHEME}{''.join(escaped)}"
