"""A learner's server as a service of a Docker Swarm: one replica, started on any node, never started again by itself.

Every node has the shared folders at the paths that they have in the Hub's container, and images come from a registry.
Hub and proxy are containers on the same overlay network, whose names they can look up.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import docker.errors
import docker.types
from dockerspawner import SwarmSpawner
from jupyterhub.utils import AnyTimeoutError, exponential_backoff

from services.contracts.case import LearnerCase
from spawner.case_server import SpawnError
from spawner.contained import ContainedServer
from spawner.engine import ENGINE_FAULTS, EngineCalls
from spawner.engine_errors import advice
from spawner.inside import HOME, IDENTITY, Mount
from spawner.network_server import NetworkServer

_NANO: Final = 1_000_000_000
_GONE_SECONDS: Final = 30.0
_COMING: Final = frozenset(
    {"new", "allocated", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running"}
)
"""States of a task that is or will be running."""


class SwarmServer(ContainedServer, NetworkServer, EngineCalls, SwarmSpawner):
    """Needs a manager's engine, of Docker 28 or newer: older ones ignore parts of the confinement."""

    _certificates: Mapping[str, str] = {}
    """The Hub's files of this start's TLS, by the names that JupyterHub has for them."""

    @property
    def launched(self) -> bool:
        """Whether a service was made and not yet forgotten."""
        return bool(self.object_id)

    @property
    def container(self) -> str:
        """Name of the service, and of its server on the overlay network."""
        return f"caseloop-{self.box_id}"

    # --- certificates -----------------------------------------------------------------------------------------------

    async def create_certs(self) -> dict[str, str]:
        """For the name that it has on the network, and no other."""
        self.ssl_alt_names, self.ssl_alt_names_include_local = [f"DNS:{self.container}"], False
        paths: dict[str, str] = await super().create_certs()
        return paths

    async def move_certs(self, paths: Mapping[str, str]) -> dict[str, str]:
        """They go the way of the environment's own certificate: into a folder that only this environment is shown."""
        self._certificates = dict(paths)
        return {name: f"{IDENTITY}/{Path(path).name}" for name, path in paths.items()}

    def _place_certificates(self) -> None:
        for path in self._certificates.values():
            placed = self.private_box / "tls" / Path(path).name
            shutil.copyfile(path, placed)
            placed.chmod(0o600)

    # --- starting ---------------------------------------------------------------------------------------------------

    async def choose_environment(self, case: LearnerCase) -> None:
        """The image of the case version: by its digest, if it has one of its own. Whether it is there, nodes tell."""
        self.image = f"{self.image_name}@{case.image}" if case.image else self.tagged_image(case)

    async def launch(self, mounts: Sequence[Mount]) -> None:
        """Make the service and wait until its container runs. SpawnError."""
        self.object_name = self.container
        await self.measure()
        await asyncio.to_thread(self._place_certificates)
        try:
            made = await self.docker("create_service", **self.service(mounts))
            self.object_id = made["ID"]
            await exponential_backoff(self._runs, "", timeout=self.start_seconds, max_wait=1)
        except AnyTimeoutError as error:
            said = (await self._task() or {}).get("Status", {})
            self.log.error("No node runs an environment for %s: %s", self._log_name, said)
            raise SpawnError(advice("cannot allocate memory").learner) from error
        except ENGINE_FAULTS as error:
            await self.end()
            raise self.refused(error) from error

    def service(self, mounts: Sequence[Mount]) -> dict[str, Any]:
        """What the manager is asked for: the whole of an environment's confinement and limits is here."""
        user, group = self.account
        container = docker.types.ContainerSpec(
            self.image,
            command=self.inner_command,
            env=self.inside(),
            user=f"{user}:{group}",
            workdir=HOME,
            hostname="caseloop",
            labels=self.whose,
            mounts=[*self._binds(mounts), *self._scratch()],
            read_only=True,
            cap_drop=["ALL"],
            init=True,
            # nanoseconds: what is ended has been saved, and may not hold up the next start
            stop_grace_period=1,
            privileges={"NoNewPrivileges": True, "Seccomp": {"Mode": "default"}},
        )
        container["Ulimits"] = [
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": self.disk_mb << 20, "Hard": self.disk_mb << 20},
            {"Name": "nofile", "Soft": 4096, "Hard": 4096},
        ]
        return {
            "name": self.container,
            "labels": self.whose,
            "task_template": docker.types.TaskTemplate(
                container,
                resources=self._resources(),
                restart_policy=docker.types.RestartPolicy(condition="none"),
                networks=[self.network_name],
                placement=docker.types.Placement(**self.extra_placement_spec),
                log_driver=docker.types.DriverConfig("json-file", {"max-size": "4m", "max-file": "2"}),
            ),
            # no port of any node leads to it
            "endpoint_spec": docker.types.EndpointSpec(mode="vip"),
            "mode": docker.types.ServiceMode("replicated", replicas=1),
        }

    @staticmethod
    def _binds(mounts: Sequence[Mount]) -> list[docker.types.Mount]:
        return [
            docker.types.Mount(mount.target, str(mount.source), type="bind", read_only=not mount.writable)
            for mount in mounts
        ]

    def _scratch(self) -> list[docker.types.Mount]:
        return [
            docker.types.Mount(target, None, type="tmpfs", tmpfs_size=self.scratch_bytes, tmpfs_mode=0o1777)
            for target in ("/tmp", "/dev/shm")  # noqa: S108 - the container's own
        ]

    def _resources(self) -> docker.types.Resources:
        resources = docker.types.Resources(cpu_limit=int(self.cpus * _NANO), mem_limit=self.memory_mb << 20)
        resources["Limits"]["Pids"] = self.processes
        return resources

    async def until_it_listens(self) -> str:
        """Its address on the overlay network; the Hub then waits for an answer there."""
        proto = "https" if self.internal_ssl else "http"
        return f"{proto}://{self.container}:{self.port}"

    # --- living -----------------------------------------------------------------------------------------------------

    async def _task(self) -> dict[str, Any] | None:
        """The service's one task; None when it is gone."""
        tasks = await self.docker("tasks", filters={"service": self.container})
        return max(tasks, key=lambda task: str(task.get("CreatedAt", "")), default=None)

    async def _runs(self) -> bool:
        state = ((await self._task()) or {}).get("Status", {})
        if state.get("State", "new") not in _COMING:
            self.log.error("The container of %s did not start: %s", self._log_name, state)
            raise SpawnError(advice(str(state.get("Err", ""))).learner)
        return bool(state.get("State") == "running")

    async def status(self) -> int | None:
        """None while its container runs or will, else its exit status (0 when it is gone).

        A manager that does not answer says nothing about the container, which counts as running.
        """
        try:
            task = await self._task()
        except docker.errors.NotFound:
            return 0
        except ENGINE_FAULTS as error:
            self.log.warning("The engine does not say whether %s runs: %s", self._log_name, error)
            return None
        if task is None:
            return 0
        state = task["Status"]
        if state["State"] in _COMING:
            return None
        self.log.error("The container of %s ended: %s %s", self._log_name, state["State"], state.get("Err", ""))
        return int(state.get("ContainerStatus", {}).get("ExitCode", 1))

    async def end(self) -> None:
        """Remove the service, and wait until neither it nor a task of it is known any more."""
        try:
            with contextlib.suppress(docker.errors.NotFound):
                await self.docker("remove_service", self.container)
            await exponential_backoff(self._gone, "", timeout=_GONE_SECONDS, max_wait=0.5)
        except AnyTimeoutError:
            self.log.error("The container of %s is not gone after %.0f s", self._log_name, _GONE_SECONDS)
        except ENGINE_FAULTS as error:
            self.log.error("The engine does not answer, so %s may go on: %s", self._log_name, error)

    async def _gone(self) -> bool:
        try:
            return await self._task() is None
        except docker.errors.NotFound:
            return True

    def forget(self) -> None:
        """Nothing is left of a service that was removed."""

    def clear_state(self) -> None:
        """Forget the service."""
        super().clear_state()
        self.object_id = ""
