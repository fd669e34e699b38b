"""A learner's server as a pod of a Kubernetes cluster, beside the Hub of Zero to JupyterHub.

Learners' folders, data and certificates lie on one claim that the Hub's pod mounts, too (`ReadWriteMany`). Whatever the
Hub's other configuration says about pods, the confinement below is put on last.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jupyterhub.utils import AnyTimeoutError
from kubernetes_asyncio.client import (
    ApiException,
    V1EmptyDirVolumeSource,
    V1PersistentVolumeClaimVolumeSource,
    V1Pod,
    V1Volume,
    V1VolumeMount,
)
from kubespawner import KubeSpawner
from traitlets import Unicode

from services.contracts.case import LearnerCase
from spawner.case_server import SpawnError
from spawner.contained import ContainedServer
from spawner.engine_errors import advice
from spawner.inside import HOME, Mount
from spawner.network_server import NetworkServer
from spawner.processes import boxes

_CLAIM: Final = "caseloop"
"""The claim's name among the pod's volumes."""
_SCRATCH: Final = {"tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108 - the pod's own


class KubeServer(ContainedServer, NetworkServer, KubeSpawner):
    """Needs the rights that the chart gives its Hub: pods, events, and secrets and services for `internal_ssl`."""

    claim = Unicode("caseloop-learners", config=True, help="The claim with the folders `homes`, `data` and `e`.")
    _mounts: Sequence[Mount] = ()
    """What this start is shown."""
    _chosen: str = ""
    """This start's image."""
    _url: str = ""

    @property
    def launched(self) -> bool:
        """Whether a pod was made and not yet forgotten."""
        return bool(self.nonce)

    # --- starting ---------------------------------------------------------------------------------------------------

    async def choose_environment(self, case: LearnerCase) -> None:
        """The image of the case version: by its digest, if it has one of its own. Whether it is there, nodes tell."""
        self._chosen = f"{self.image_name}@{case.image}" if case.image else self.tagged_image(case)

    async def launch(self, mounts: Sequence[Mount]) -> None:
        """Make the pod and wait until it runs. SpawnError."""
        self._mounts = mounts
        await self.measure()
        try:
            self._url = await KubeSpawner.start(self)
        except (AnyTimeoutError, ApiException) as error:
            self.log.error("No environment for %s: %s; `kubectl describe pod` says why", self._log_name, error)
            await self.end()
            full = isinstance(error, AnyTimeoutError) or "quota" in str(error)
            raise SpawnError(advice("cannot allocate memory" if full else str(error)).learner) from error

    async def until_it_listens(self) -> str:
        """Its address in the cluster; the Hub then waits for an answer there."""
        return self._url

    def get_env(self) -> dict[str, str]:
        """The pod's variables: ours, and nothing that the Hub inherited."""
        return self.inside()

    async def get_pod_manifest(self) -> V1Pod:
        """The pod, confined: nothing that the Hub's configuration says can loosen this."""
        self.mem_limit, self.cpu_limit = self.memory_mb << 20, self.cpus
        pod = await super().get_pod_manifest()
        self._confine_pod(pod)
        self._confine_container(pod.spec.containers[0])
        pod.spec.volumes = [*self._certificates(pod.spec.volumes), *self._volumes()]
        return pod

    def _confine_pod(self, pod: V1Pod) -> None:
        _, group = self.account
        spec = pod.spec
        pod.metadata.labels |= self.whose
        spec.containers = spec.containers[:1]
        spec.init_containers = None
        spec.restart_policy = "Never"  # what ended is started by its learner
        spec.service_account_name = spec.service_account = None
        spec.automount_service_account_token = False
        spec.enable_service_links = False
        spec.host_network = spec.host_pid = spec.host_ipc = spec.share_process_namespace = False
        spec.hostname = "caseloop"
        spec.security_context = {
            "runAsNonRoot": True,
            "fsGroup": group,
            # the shared folders have the right owner already, and may hold very many files
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        }

    def _confine_container(self, container: Any) -> None:
        user, group = self.account
        container.image = self._chosen
        container.command, container.args = self.inner_command, None
        container.working_dir = HOME
        container.lifecycle = None
        container.security_context = {
            "runAsUser": user,
            "runAsGroup": group,
            "runAsNonRoot": True,
            "privileged": False,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        container.resources.limits |= {"ephemeral-storage": "64Mi"}
        container.volume_mounts = [
            *self._certificates(container.volume_mounts),
            *(V1VolumeMount(name=name, mount_path=path) for name, path in _SCRATCH.items()),
            *(
                V1VolumeMount(
                    name=_CLAIM,
                    mount_path=mount.target,
                    sub_path=self.in_claim(mount.source),
                    read_only=not mount.writable,
                )
                for mount in self._mounts
            ),
        ]

    def _certificates(self, given: Sequence[Any]) -> list[Any]:
        """What `internal_ssl` mounts, of all that was configured."""
        return [one for one in given or () if one.name == "jupyterhub-internal-certs"]

    def _volumes(self) -> list[V1Volume]:
        claim = V1PersistentVolumeClaimVolumeSource(claim_name=self.claim)
        memory = V1EmptyDirVolumeSource(medium="Memory", size_limit=str(self.scratch_bytes))
        return [
            V1Volume(name=_CLAIM, persistent_volume_claim=claim),
            *(V1Volume(name=name, empty_dir=memory) for name in _SCRATCH),
        ]

    def in_claim(self, source: Path) -> str:
        """Where a folder or file of the Hub's pod lies on the claim. ValueError for one that does not lie there."""
        shared = {
            self.platform.homes_dir: "homes",
            self.platform.data_dir: "data",
            boxes(self.platform.run_dir): "e",
        }
        for root, name in shared.items():
            if source.is_relative_to(root):
                return str(Path(name) / source.relative_to(root))
        raise ValueError(f"{source} is not on the claim {self.claim}")

    # --- living -----------------------------------------------------------------------------------------------------

    async def status(self) -> int | None:
        """None while the pod runs or is coming, else its exit status."""
        status: int | None = await KubeSpawner.poll(self)
        return status

    async def end(self) -> None:
        """Delete the pod at once, and wait until it is gone."""
        try:
            await KubeSpawner.stop(self, now=True)
        except (AnyTimeoutError, ApiException) as error:
            self.log.error("The pod of %s does not go away: %s", self._log_name, error)

    def forget(self) -> None:
        """The cluster removes what belonged to the pod."""
