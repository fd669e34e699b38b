"""What every Caseloop spawner shares: sockets, box, certificate, case, notebook. Isolation is the subclass's part."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import stat
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyterhub.spawner import Spawner
from jupyterhub.utils import AnyTimeoutError, exponential_backoff, maybe_future
from pydantic import TypeAdapter, ValidationError
from traitlets import Any as AnyTrait
from traitlets import Float, Integer

from services.contracts.case import LearnerCase, Slug
from services.contracts.errors import ServiceError
from services.contracts.notebook import notebook_digest
from services.contracts.progress import SavedNotebook
from spawner.data import BrokenData, CaseData, top_entries
from spawner.idleness import IdleLimits, Signs
from spawner.inside import BOX, GATEWAY, HOME, HUB, IDENTITY, Mount
from spawner.looking_in import NoAnswer, look_in, short_token
from spawner.moving import moved
from spawner.platform import Platform
from spawner.processes import boxes
from spawner.workplace import UnusableNotebook, Workplace, folder_name
from vault.errors import VaultError

SERVER_SOCKET = "server.sock"
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


class SpawnError(Exception):
    """Starting failed for a reason that the learner is told."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.jupyterhub_message = message


class CaseServer(Spawner):
    """A learner's server for one case, reached over unix sockets only.

    The server's name is the case's id (user option `case` for the unnamed server).
    """

    platform: Platform = AnyTrait(config=True, help="The rest of Caseloop: a spawner.platform.Platform.")
    port = Integer(8888, config=True)
    """jupyter_server refuses `--sock` together with any other port than its default."""
    start_seconds = Integer(60, config=True, help="How long the environment's server may take to listen.")
    idle_hours = Float(8.0, min=0.0, config=True, help="Hours without activity after which one is ended; 0: never.")
    busy_hours = Float(48.0, min=0.0, config=True, help="The same for one that computes or has an open page; 0: never.")
    nonce: str = ""
    _saved_mtime: int = 0
    _listened: bool = False
    """Set once the server's socket was seen."""
    _steps: "Sequence[dict[str, Any]]" = ()
    _starting: "asyncio.Task[Any] | None" = None
    _tending: "asyncio.Task[None] | None" = None
    _telling: "asyncio.Task[int | None] | None" = None
    _look_in_at: float = 0.0
    """When the server is asked next what it is doing, by the event loop's clock."""
    _left_alone: str = ""
    """Why it was not ended although it is unused, as last logged."""

    # --- where things are -------------------------------------------------------------------------------------------

    @property
    def case_id(self) -> str:
        """Id of the case this server is for; safe in a path. SpawnError when none was chosen, or what is none."""
        try:
            return _SLUG.validate_python(self.name or self.user_options.get("case"))
        except ValidationError as error:
            raise SpawnError("Choose a case first: open «Your cases» and start one.") from error

    @property
    def box_id(self) -> str:
        """Name of this environment's box: tells it from every other one on this machine."""
        whose = f"{self.platform.run_dir}\0{self.user.name}\0{self.case_id}"
        return hashlib.sha256(whose.encode()).hexdigest()[:12]

    @property
    def box(self) -> Path:
        """Private folder of this environment; short, because a socket's path may have 107 bytes."""
        return boxes(self.platform.run_dir) / self.box_id

    @property
    def private_box(self) -> Path:
        """Beside the box, for the learner may write into the box: certificate and door; only `tls/` is seen inside."""
        return self.box.with_suffix(".id")

    @property
    def door(self) -> Path:
        """Where Hub and proxy reach the server: a name that no learner can put anything else in the place of."""
        return self.private_box / SERVER_SOCKET

    @property
    def workplace(self) -> Workplace:
        """The learner's folder for this case."""
        return Workplace(self.platform.homes_dir / folder_name(self.user.name) / self.case_id)

    @property
    def notebook_name(self) -> str:
        """File name of the case's notebook in the learner's home."""
        return f"{self.case_id}.ipynb"

    @property
    def socket_url(self) -> str:
        """Address of the server's socket as Hub and proxy write it."""
        return "http+unix://" + quote(str(self.door), safe="")

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
        server.connect_addr = quote(str(self.door), safe="")

    # --- starting ---------------------------------------------------------------------------------------------------

    async def start(self) -> str:
        """Restore the learner's work, start the sandbox, wait until its server listens. SpawnError."""
        self._steps = []
        self._starting = asyncio.current_task()
        try:
            return await self._start()
        except ServiceError as error:
            raise SpawnError(f"Your environment could not be prepared: {error.detail}. Your work is safe.") from error
        except (BrokenData, VaultError, OSError) as error:
            # What it says may name folders of the server: for the operator's log, not for the learner.
            self.log.exception("Preparing the environment of %s failed", self._log_name)
            raise SpawnError(
                "Your environment could not be prepared: something is wrong on the server, and its log says what. "
                "Your work is safe."
            ) from error

    async def _start(self) -> str:
        self._refuse_a_second_one()
        self._say(10, "Looking up the case")
        case = await self._case()
        self._say(25, "Fetching the data")
        data = await CaseData(self.platform.data_dir, self.platform.cases).folder(case)
        self._say(45, "Restoring your notebook")
        await self.end()  # one that the Hub was killed before it could note
        await self._restore(case)
        await self.choose_environment(case)
        self._prepare_box(case)
        self._say(60, "Starting your private environment")
        await self.launch(self._mounts(case, data))
        self._point(self.server)
        self._say(80, "Waiting for JupyterLab")
        await self._wait()
        self._open_door()
        self._listened = True
        return self.socket_url

    def _refuse_a_second_one(self) -> None:
        """Two servers for one case would share its folder. SpawnError."""
        others = [other for other in self.user.spawners.values() if other is not self and other.active]
        if self.case_id in map(_case_of, others):
            raise SpawnError("This case is open already: continue it from «Your cases», or stop it there.")

    def _say(self, percent: int, message: str) -> None:
        self._steps = [*self._steps, {"progress": percent, "message": message}]

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Steps of the start as the Hub's waiting pages show them; the Hub ends it with the start."""
        shown = 0
        while True:
            for step in self._steps[shown:]:
                yield step
            shown = len(self._steps)
            await asyncio.sleep(0.1)

    async def _case(self) -> LearnerCase:
        """The version the learner is on, else the newest published one.

        The user option `move_to` names a version to move to, which counts while that is the newest one.
        """
        version = self.workplace.version
        wanted = self.user_options.get("move_to")
        if wanted and version is not None and wanted != version:
            newest = await self.platform.cases.current(self.case_id)
            if newest.version == wanted:
                await self._move(await self.platform.cases.learner(version), newest)
                return newest
        if version is not None:
            with contextlib.suppress(ServiceError):
                case = await self.platform.cases.learner(version)
                if case.id == self.case_id:
                    return case
        try:
            return await self.platform.cases.current(self.case_id)
        except ServiceError as error:
            if error.status == 404:
                raise SpawnError(f"There is no published case «{self.case_id}».") from error
            raise

    async def _move(self, old: LearnerCase, new: LearnerCase) -> None:
        """Give the learner the new version's notebook with the work of the old one, which stays among the saves."""
        self._say(35, f"Moving your work to number {new.number}")
        await self.save()
        place = self.workplace
        try:
            notebook, _ = await asyncio.to_thread(place.read_notebook, self.notebook_name)
        except (FileNotFoundError, UnusableNotebook):
            saved = await self.platform.progress.newest_for(self.user.name, self.case_id)
            notebook = dict(saved.notebook) if saved else dict(old.notebook)
        place.write_notebook(self.notebook_name, moved(notebook, old, new))
        place.keep_version(new.version)

    async def _restore(self, case: LearnerCase) -> None:
        """What lies on disk is newest, if it is a notebook; else the last saved notebook; else the case's own."""
        place = self.workplace
        place.prepare()
        if not await asyncio.to_thread(place.has_notebook, self.notebook_name):
            saved = await self.platform.progress.newest_for(self.user.name, self.case_id)
            place.write_notebook(self.notebook_name, saved.notebook if saved else dict(case.notebook))
        place.keep_version(case.version)
        for name, is_folder in top_entries(case.data).items():
            (place.mount_point if is_folder else place.mount_point_of_file)(name)

    def _mounts(self, case: LearnerCase, data: Path) -> list[Mount]:
        """What every environment is shown: the learner's folder, its own box and certificate, two doors, the data."""
        return [
            Mount(self.workplace.work, HOME, writable=True),
            Mount(self.box, BOX, writable=True),
            Mount(self.private_box / "tls", IDENTITY),
            Mount(self.platform.hub_dir, HUB),
            Mount(self.platform.gateway_dir, GATEWAY),
            *(Mount(data / name, f"{HOME}/{name}") for name in top_entries(case.data)),
        ]

    def _prepare_box(self, case: LearnerCase) -> None:
        self.clear_box()
        for folder in (self.box, self.private_box):
            folder.mkdir(mode=0o700, parents=True)
        self.nonce = self.platform.certificates.issue(self.private_box, self.user.name, case.id, case.version)

    def clear_box(self) -> None:
        """Remove all that belonged to one start."""
        for folder in (self.box, self.private_box):
            shutil.rmtree(folder, ignore_errors=True)

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

    def socket_is_sound(self) -> bool:
        """Whether the server's socket is still the one that Hub and proxy connect to."""
        with contextlib.suppress(OSError):
            return os.path.samestat((self.box / SERVER_SOCKET).lstat(), self.door.lstat())
        return False

    def variables(self, case_env_bin: str) -> dict[str, str]:
        """Environment variables inside: the Hub's own, and what the Lab extension needs. Nothing is inherited."""
        hub = "http+unix://" + quote(f"{HUB}/hub.sock", safe="") + "/hub/api"
        own = {k: v for k, v in self.get_env().items() if k.startswith(("JUPYTERHUB_", "JPY_"))}
        return own | {
            "HOME": HOME,
            "USER": "learner",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PATH": f"{case_env_bin}:/usr/bin:/bin",
            "JUPYTER_PLATFORM_DIRS": "1",
            "JUPYTERHUB_DEFAULT_URL": f"/lab/tree/{quote(self.notebook_name)}",
            "JUPYTERHUB_API_URL": hub,
            "JUPYTERHUB_ACTIVITY_URL": f"{hub}/users/{self.user.escaped_name}/activity",
            "CASELOOP_GATEWAY_SOCKET": f"{GATEWAY}/gateway.sock",
            "CASELOOP_CERTIFICATE": f"{IDENTITY}/environment.pem",
            "CASELOOP_CA": f"{IDENTITY}/ca.pem",
            "CASELOOP_CASE": self.case_id,
            "CASELOOP_NOTEBOOK": self.notebook_name,
        }

    def server_arguments(self) -> list[str]:
        """Arguments of `jupyterhub-singleuser` inside the sandbox."""
        return [
            f"--ServerApp.sock={BOX}/{SERVER_SOCKET}",
            "--ServerApp.sock_mode=0600",
            f"--ServerApp.root_dir={HOME}",
            *self.get_args(),
        ]

    # --- what a spawner does in its own way ---------------------------------------------------------------------------

    @property
    @abstractmethod
    def launched(self) -> bool:
        """Whether an environment was started and not yet forgotten; survives a restart of the Hub."""

    @abstractmethod
    async def choose_environment(self, case: LearnerCase) -> None:
        """Find what the case's code runs in: the common environment, or its own. SpawnError when it is not there."""

    @abstractmethod
    async def launch(self, mounts: Sequence[Mount]) -> None:
        """Start the isolated environment, which sees these folders and nothing else of the host. SpawnError."""

    @abstractmethod
    async def status(self) -> int | None:
        """None while the environment runs, else its exit status (0 when that is not known)."""

    @abstractmethod
    async def end(self) -> None:
        """End the whole environment, also one that the Hub does not know of, and wait until it is gone."""

    @abstractmethod
    def forget(self) -> None:
        """Remove what was made for the ended environment."""

    async def look_after(self) -> None:
        """Called with every poll of a running environment, after its work was saved."""

    # --- living -----------------------------------------------------------------------------------------------------

    async def poll(self) -> int | None:
        """None while the environment runs, else its exit status; tends a running one."""
        status = await self.status() if self.launched else 0
        if status is not None:
            return status
        if self._listened and not self.socket_is_sound():
            self.log.error("The socket of %s is gone or another one; the environment is ended", self._log_name)
            await self.end()
            return 1
        # Beside the poll: the Hub must not wait for a service that hangs.
        if self._listened and (self._tending is None or self._tending.done()):
            self._tending = asyncio.create_task(self._tend())
        return None

    async def stop(self, now: bool = False) -> None:  # noqa: ARG002 - the Hub's signature
        """End the environment. Notebooks are saved whole or not at all, so there is nothing to wait for."""
        await self.end()

    async def run_post_stop_hook(self) -> None:
        """Tidy up after every end, also of an environment that ended by itself: the Hub calls this in each case."""
        for task in (self._starting, self._tending):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        # Without a nonce nothing was made; another server's environment may be in the box.
        for step in (self.end, self._revoke, self.save, self._clear) if self.nonce else ():
            try:
                await step()
            except Exception:
                self.log.exception("Tidying up after the environment of %s failed", self._log_name)
        await maybe_future(super().run_post_stop_hook())

    async def _revoke(self) -> None:
        """Refuse the certificates of this start from now on."""
        await asyncio.to_thread(self.platform.certificates.revoke, self.private_box)

    async def _clear(self) -> None:
        await asyncio.to_thread(self.forget)
        self.clear_box()

    async def _tend(self) -> None:
        """Renew the certificate, save changed work, look after what the subclass limits. Never raises."""
        try:
            await asyncio.to_thread(self.platform.certificates.renew, self.private_box)
            await self.save()
            await self.look_after()
            await self._end_when_idle()
        except Exception:
            self.log.exception("Tending the environment of %s failed; it is tried again", self._log_name)

    async def _end_when_idle(self) -> None:
        """End an environment that has long been unused. Its work was saved just before: where that fails, it lives."""
        limits = IdleLimits(timedelta(hours=self.idle_hours), timedelta(hours=self.busy_hours))
        clock = asyncio.get_running_loop().time()
        if not limits.idle or clock < self._look_in_at or self.server is None:
            return
        self._look_in_at = clock + limits.pause.total_seconds()
        signs, now = await self._signs(), datetime.now(UTC)
        reason = limits.exceeded(signs, now)
        if not reason:
            self._note_left_alone(signs.in_use if limits.is_long(now - signs.last_activity) else "")
            return
        self.log.info("The environment of %s is ended: %s", self._log_name, reason)
        await self.end()
        # The Hub takes the route away at once, so that nobody meets an address with nothing behind it. In a task of its
        # own: tidying up ends the one that we are in.
        self._telling = asyncio.create_task(self.poll_and_notify())

    async def _signs(self) -> Signs:
        try:
            with short_token(self) as token:
                return await look_in(self.server.url, token)
        except NoAnswer as error:
            self.log.warning("%s does not say what it is doing, and counts as in use: %s", self._log_name, error)
            # the Hub's record, without a time zone in UTC
            last = self.last_activity.replace(tzinfo=UTC) if self.last_activity else datetime.now(UTC)
            return Signs(last, "its server does not say what it is doing")

    def _note_left_alone(self, why: str) -> None:
        if why and why != self._left_alone:
            self.log.info("%s is unused and left alone: %s", self._log_name, why)
        self._left_alone = why

    async def save(self) -> None:
        """Keep the notebook on disk in `progress` if it changed since last time."""
        try:
            notebook, changed = await asyncio.to_thread(self.workplace.read_notebook, self.notebook_name)
        except FileNotFoundError:
            return
        except UnusableNotebook as error:
            self.log.warning("Not saved for %s: %s", self._log_name, error)
            return
        if changed == self._saved_mtime:
            return
        try:
            saved = SavedNotebook(saved=datetime.now(UTC), digest=notebook_digest(notebook), notebook=notebook)
        except (ValidationError, ValueError) as error:
            self.log.warning("Not saved for %s: its notebook is no sound JSON: %s", self._log_name, error)
            return
        await self.platform.progress.keep_for(self.user.name, self.case_id, saved)
        self._saved_mtime = changed

    def get_state(self) -> dict[str, Any]:
        """What must survive a restart of the Hub."""
        state: dict[str, Any] = super().get_state()
        return state | ({"nonce": self.nonce} if self.launched else {})

    def load_state(self, state: dict[str, Any]) -> None:
        """Counterpart of `get_state`."""
        super().load_state(state)
        self.nonce = state.get("nonce", "")
        self._listened = self.launched

    def clear_state(self) -> None:
        """Forget the environment."""
        super().clear_state()
        self.nonce, self._listened = "", False


def _case_of(spawner: CaseServer) -> str | None:
    with contextlib.suppress(SpawnError):
        return spawner.case_id
    return None


def _is_socket(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISSOCK(path.lstat().st_mode)
    return False
