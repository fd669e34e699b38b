from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from spawner.sockets import socket_address


@pytest.mark.parametrize("path", ["/var/lib/caseloop/run/hub/hub.sock", "/srv/Ada/Case loop/É/hub.sock", "/a%2Fb"])
def test_the_hub_finds_the_path_again_though_it_takes_it_for_a_host_name(path: str) -> None:
    """Of which capital letters are small ones."""
    address = socket_address(Path(path))
    assert unquote(urlsplit(address).netloc.lower()) == path
    assert unquote(urlsplit(address).hostname or "") == path
