"""A learner's server on the Hub's own machine: no network, reached over unix sockets in folders that it is shown."""

import contextlib
import os
import stat
from pathlib import Path
from typing import Any, Final

from jupyterhub.spawner import Spawner
from jupyterhub.utils import AnyTimeoutError, exponential_backoff

from services.contracts.case import LearnerCase
from spawner.case_server import CaseServer, SpawnError
from spawner.inside import BOX, GATEWAY, HUB, Mount
from spawner.processes import boxes
from spawner.sockets import SCHEME, socket_address

SERVER_SOCKET: Final = "server.sock"


class SocketServer(CaseServer):
    """Its server listens in a box of its own, and sees the Hub's socket and the gateway's."""

    # --- where things are -------------------------------------------------------------------------------------------

    @property
    def box(self) -> Path:
        """Private folder of this environment; short, because a socket's path may have 107 bytes."""
        return boxes(self.platform.run_dir) / self.box_id

    @property
    def of_this_start(self) -> tuple[Path, ...]:
        """The learner may write into the box, and into the private one beside it not."""
        return (self.box, *super().of_this_start)

    @property
    def door(self) -> Path:
        """Where Hub and proxy reach the server: a name that no learner can put anything else in the place of."""
        return self.private_box / SERVER_SOCKET

    @property
    def socket_url(self) -> str:
        """Address of the server's socket as Hub and proxy write it."""
        return socket_address(self.door)

    @property
    def server(self) -> Any:
        """The Hub's record of the server; it keeps protocol, address and port only, so the socket is put back."""
        server = Spawner.server.fget(self)
        if server is not None and self.launched and not server.connect_url:
            self._point(server)
        return server

    @server.setter
    def server(self, value: Any) -> None:
        Spawner.server.fset(self, value)

    def _point(self, server: Any) -> None:
        server.connect_url = self.socket_url
        server.connect_addr = self.socket_url.removeprefix(SCHEME)

    # --- starting ---------------------------------------------------------------------------------------------------

    def shown_inside(self, case: LearnerCase, data: Path) -> list[Mount]:
        """Besides what every environment is shown: its own box, and the two doors."""
        return [
            *super().shown_inside(case, data),
            Mount(self.box, BOX, writable=True),
            Mount(self.platform.hub_dir, HUB),
            Mount(self.platform.gateway_dir, GATEWAY),
        ]

    def ways_out(self) -> dict[str, str]:
        """The sockets, where they are seen inside."""
        hub = socket_address(Path(HUB, "hub.sock")) + "/hub/api"
        return {
            "JUPYTERHUB_API_URL": hub,
            "JUPYTERHUB_ACTIVITY_URL": f"{hub}/users/{self.user.escaped_name}/activity",
            "CASELOOP_GATEWAY_SOCKET": f"{GATEWAY}/gateway.sock",
        }

    def server_arguments(self) -> list[str]:
        """The server listens on the socket and on no port."""
        return [f"--ServerApp.sock={BOX}/{SERVER_SOCKET}", "--ServerApp.sock_mode=0600", *super().server_arguments()]

    async def until_it_listens(self) -> str:
        """Wait for its socket, and give that a name out of the learner's reach. SpawnError."""
        self._point(self.server)
        await self._wait()
        self._open_door()
        return self.socket_url

    async def _wait(self) -> None:
        """Until the server listens; a fixed short pause, because the Hub's own growing ones cost seconds."""
        try:
            await exponential_backoff(self._listening, "", timeout=self.start_seconds, max_wait=0.1)
        except AnyTimeoutError as error:
            raise SpawnError("Your environment did not start in time. Try again in a minute.") from error

    async def _listening(self) -> bool:
        if _is_socket(self.box / SERVER_SOCKET):
            return True
        if await self.status() is not None:
            raise SpawnError("Your environment ended while it was starting. Try again, and tell your teacher.")
        return False

    def _open_door(self) -> None:
        """Give the server's socket a second name outside the learner's reach. SpawnError when it is none.

        A link to a file elsewhere is not followed, and the learner can make no hard link to what is mounted beside.
        """
        try:
            os.link(self.box / SERVER_SOCKET, self.door, follow_symlinks=False)
        except FileNotFoundError as error:
            raise SpawnError("Your environment ended while it was starting. Try again.") from error
        if not _is_socket(self.door):
            raise SpawnError("Your environment does not listen where it should. Remove your Jupyter configuration.")

    # --- living -----------------------------------------------------------------------------------------------------

    def is_sound(self) -> bool:
        """Whether the server's socket is still the one that Hub and proxy connect to."""
        with contextlib.suppress(OSError):
            return os.path.samestat((self.box / SERVER_SOCKET).lstat(), self.door.lstat())
        return False


def _is_socket(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISSOCK(path.lstat().st_mode)
    return False
