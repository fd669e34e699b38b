"""A learner's server in a container: no network, nothing of the host but its own folders, two sockets, an image.

One machine: Hub, proxy and engine share a file system, and whoever runs the Hub owns what learners write.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import docker.errors
import docker.types
from dockerspawner import DockerSpawner

from services.contracts.case import LearnerCase
from spawner.case_server import SpawnError
from spawner.contained import ContainedServer
from spawner.engine import ENGINE_FAULTS, EngineCalls
from spawner.inside import HOME, Mount
from spawner.socket_server import SocketServer

_PERIOD_US: Final = 100_000
LABEL: Final = "caseloop.installation"
"""On every container; its value tells whose it is."""
_GONE_SECONDS: Final = 20.0
_LOG_LINES: Final = 40
_LOG_OPTIONS: Final = {"max-size": "4m", "max-file": "2"}


class DockerServer(ContainedServer, SocketServer, EngineCalls, DockerSpawner):
    """Needs a Docker engine on the Hub's machine; containers run as the account that runs the Hub."""

    @property
    def launched(self) -> bool:
        """Whether a container was made and not yet forgotten."""
        return bool(self.object_id)

    @property
    def container(self) -> str:
        """Name of this environment's container: always the same, so that one nobody noted is found again."""
        return f"caseloop-{self.box_id}"

    # --- starting ---------------------------------------------------------------------------------------------------

    async def choose_environment(self, case: LearnerCase) -> None:
        """The image of the case version. SpawnError when it is not on this machine: nothing is pulled on the way.

        By its digest, where one was made when the version was published: a tag may have come to mean another image.
        """
        self.image = case.image or self.tagged_image(case)
        try:
            await self.docker("inspect_image", self.image)
        except docker.errors.ImageNotFound as error:
            self.log.error(
                "There is no image %s on this machine, which «%s» needs: %s makes it",
                self.image,
                case.id,
                "publishing the case again" if case.image else "docs/how-to/deploy.md, «Images»,",
            )
            raise SpawnError(
                "The environment of this case is not there. Tell your teacher; your work is safe."
            ) from error
        except ENGINE_FAULTS as error:
            raise self.refused(error) from error

    async def launch(self, mounts: Sequence[Mount]) -> None:
        """Start the container. SpawnError."""
        self.object_name = self.container
        await self.measure()
        try:
            made = await self.docker("create_container", **self._container(mounts))
            self.object_id = made["Id"]
            await self.docker("start", self.object_id)
        except ENGINE_FAULTS as error:
            await self.end()
            raise self.refused(error) from error

    def _container(self, mounts: Sequence[Mount]) -> dict[str, Any]:
        """What the engine is asked for: the whole of an environment's limits is here."""
        return {
            "image": self.image,
            "name": self.container,
            "command": [*self.inner_command, *_of_root()],
            "entrypoint": [],
            "environment": self.inside(),
            "user": f"{os.geteuid()}:{os.getegid()}",
            "working_dir": HOME,
            "hostname": "caseloop",
            "labels": {LABEL: installation(self.platform.run_dir), "caseloop.case": self.case_id},
            "host_config": self.client.create_host_config(
                mounts=[
                    docker.types.Mount(mount.target, str(mount.source), type="bind", read_only=not mount.writable)
                    for mount in mounts
                ],
                **self._confinement(),
                **self._ceiling(),
            ),
        }

    @staticmethod
    def _confinement() -> dict[str, Any]:
        # The engine adds its own seccomp filter, and hides or locks parts of /proc and /sys.
        return {
            "network_mode": "none",
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "ipc_mode": "private",
            # ends what learners' kernels leave behind
            "init": True,
            "restart_policy": {"Name": "no"},
        }

    def _ceiling(self) -> dict[str, Any]:
        memory, scratch = self.memory_mb << 20, self.scratch_bytes
        largest = self.disk_mb << 20
        return {
            "mem_limit": memory,
            "memswap_limit": memory,
            "cpu_period": _PERIOD_US,
            "cpu_quota": int(self.cpus * _PERIOD_US),
            "pids_limit": self.processes,
            "tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={scratch}"},  # noqa: S108 - the container's own
            "shm_size": scratch,
            "ulimits": [
                docker.types.Ulimit(name="core", soft=0, hard=0),
                docker.types.Ulimit(name="fsize", soft=largest, hard=largest),
                docker.types.Ulimit(name="nofile", soft=4096, hard=4096),
            ],
            # when the machine itself runs out of memory, environments go before anything of ours
            "oom_score_adj": 500,
            "log_config": docker.types.LogConfig(type="json-file", config=_LOG_OPTIONS),
        }

    # --- living -----------------------------------------------------------------------------------------------------

    async def status(self) -> int | None:
        """None while the container runs, else its exit status (0 when it is gone).

        An engine that does not answer says nothing about the container, which counts as running.
        """
        try:
            state = (await self.docker("inspect_container", self.container))["State"]
        except docker.errors.NotFound:
            return 0
        except ENGINE_FAULTS as error:
            self.log.warning("The engine does not say whether %s runs: %s", self._log_name, error)
            return None
        if state["Running"]:
            return None
        reason = (
            "it took more memory than it may" if state.get("OOMKilled") else state.get("Error") or "no reason given"
        )
        self.log.error(
            "The container of %s ended with %s (%s). Its last lines:\n%s",
            self._log_name,
            state["ExitCode"],
            reason,
            await self._last_lines(),
        )
        code: int = state["ExitCode"]
        return code

    async def _last_lines(self) -> str:
        try:
            said: bytes = await self.docker("logs", self.container, tail=_LOG_LINES)
        except ENGINE_FAULTS:
            return "(none)"
        return said.decode(errors="replace")

    async def end(self) -> None:
        """Kill the container, remove it, and wait until its name is free: the engine removes in its own time."""
        loop = asyncio.get_running_loop()
        last = loop.time() + _GONE_SECONDS
        while True:
            try:
                await self.docker("remove_container", self.container, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                # 409: it is being removed already
                if error.status_code != 409 and loop.time() > last:
                    self.log.error("The container of %s cannot be removed: %s", self._log_name, error)
                    return
            except ENGINE_FAULTS as error:
                self.log.error("The engine does not answer, so %s may go on: %s", self._log_name, error)
                return
            if loop.time() > last:
                self.log.error("The container of %s is not gone after %.0f s", self._log_name, _GONE_SECONDS)
                return
            await asyncio.sleep(0.05)

    def forget(self) -> None:
        """Nothing is left of a container that was removed."""

    def clear_state(self) -> None:
        """Forget the container."""
        super().clear_state()
        self.object_id = ""


def _of_root() -> list[str]:
    # An embedded system may run as root, and says at its start what that means; production refuses to.
    return ["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []


def end_containers(run_dir: Path) -> int:
    """Kill and remove every container of this installation, once its Hub is gone; returns how many there were.

    Raises one of `ENGINE_FAULTS`.
    """
    client = docker.from_env()
    found = client.containers.list(all=True, filters={"label": f"{LABEL}={installation(run_dir)}"})
    for container in found:
        try:
            container.remove(force=True, v=True)
        except docker.errors.NotFound:
            continue
    return len(found)


def installation(run_dir: Path) -> str:
    """Tells the containers of several installations on one engine apart."""
    return hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:12]
