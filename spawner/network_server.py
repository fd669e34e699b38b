"""A learner's server on whichever machine a cluster chooses: over TCP, with certificates at both ends."""

import os
from typing import Final

from traitlets import Bool

from spawner.case_server import CaseServer, SpawnError

_OF_A_LABEL: Final = 63
"""Characters that Kubernetes takes."""


class NetworkServer(CaseServer):
    """Its folders lie on a file system that the Hub and all machines share; Hub and gateway have addresses."""

    plain_allowed = Bool(
        default_value=False,
        config=True,
        help="Start environments also without the Hub's `internal_ssl`: for a proxy that can have no certificate.",
    )

    async def start(self) -> str:
        """As every server, once it is sure that nobody but Hub and proxy can talk to it. SpawnError."""
        if not (self.internal_ssl or self.plain_allowed):
            self.log.error(
                "Nobody is started without `c.JupyterHub.internal_ssl = True`, or CASELOOP_CLUSTER_PLAIN where the "
                "cluster's own network lets none but Hub and proxy reach learners' servers"
            )
            raise SpawnError("Environments cannot be started: the server's log says why. Your work is safe.")
        return await super().start()

    def ways_out(self) -> dict[str, str]:
        """The gateway's address. The Hub's are the Hub's own variables."""
        return {"CASELOOP_GATEWAY_ADDRESS": self.platform.gateway_address}

    @property
    def account(self) -> tuple[int, int]:
        """User and group inside: those of the Hub, which owns what lies in the shared folders."""
        return os.geteuid(), os.getegid()

    @property
    def whose(self) -> dict[str, str]:
        """Labels that tell environments from all else in a cluster."""
        return {"caseloop.internal/part": "env", "caseloop.internal/case": self.case_id[:_OF_A_LABEL].rstrip("-")}
