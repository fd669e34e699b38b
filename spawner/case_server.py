"""What every Caseloop spawner shares: case, notebook, certificate, life. Isolation and the way in are a subclass's."""

import asyncio
import contextlib
import hashlib
import shutil
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyterhub.spawner import Spawner
from jupyterhub.utils import maybe_future
from pydantic import TypeAdapter, ValidationError
from traitlets import Any as AnyTrait
from traitlets import Float, Integer

from services.contracts.case import LearnerCase, Slug
from services.contracts.errors import ServiceError
from services.contracts.notebook import notebook_digest
from services.contracts.progress import SavedNotebook
from spawner.data import BrokenData, CaseData, top_entries
from spawner.idleness import IdleLimits, Signs
from spawner.inside import HOME, IDENTITY, Mount
from spawner.looking_in import NoAnswer, look_in, short_token
from spawner.moving import moved
from spawner.platform import Platform
from spawner.processes import boxes
from spawner.workplace import UnusableNotebook, Workplace, folder_name
from vault.errors import VaultError

_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


class SpawnError(Exception):
    """Starting failed for a reason that the learner is told."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.jupyterhub_message = message


class CaseServer(Spawner):
    """A learner's server for one case.

    The server's name is the case's id (user option `case` for the unnamed server).
    """

    platform: Platform = AnyTrait(config=True, help="The rest of Caseloop: a spawner.platform.Platform.")
    port = Integer(8888, config=True)
    """Of the server inside; jupyter_server refuses `--sock` together with any other than this, its default."""
    start_seconds = Integer(60, config=True, help="How long the environment's server may take to listen.")
    idle_hours = Float(8.0, min=0.0, config=True, help="Hours without activity after which one is ended; 0: never.")
    busy_hours = Float(48.0, min=0.0, config=True, help="The same for one that computes or has an open page; 0: never.")
    nonce: str = ""
    _saved_mtime: int = 0
    _listened: bool = False
    """Set once the server was seen to listen."""
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
    def private_box(self) -> Path:
        """What belongs to this start and no learner writes into: the certificate; only `tls/` is seen inside."""
        return boxes(self.platform.run_dir) / f"{self.box_id}.id"

    @property
    def of_this_start(self) -> tuple[Path, ...]:
        """Private folders that are made for each start and go with it."""
        return (self.private_box,)

    @property
    def workplace(self) -> Workplace:
        """The learner's folder for this case."""
        return Workplace(self.platform.homes_dir / folder_name(self.user.name) / self.case_id)

    @property
    def notebook_name(self) -> str:
        """File name of the case's notebook in the learner's home."""
        return f"{self.case_id}.ipynb"

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
        await self.launch(self.shown_inside(case, data))
        self._say(80, "Waiting for JupyterLab")
        url = await self.until_it_listens()
        self._listened = True
        return url

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

    def shown_inside(self, case: LearnerCase, data: Path) -> list[Mount]:
        """What every environment is shown: the learner's folder, its own certificate, the data."""
        return [
            Mount(self.workplace.work, HOME, writable=True),
            Mount(self.private_box / "tls", IDENTITY),
            *(Mount(data / name, f"{HOME}/{name}") for name in top_entries(case.data)),
        ]

    def _prepare_box(self, case: LearnerCase) -> None:
        self.clear_box()
        for folder in self.of_this_start:
            folder.mkdir(mode=0o700, parents=True)
        self.nonce = self.platform.certificates.issue(self.private_box, self.user.name, case.id, case.version)

    def clear_box(self) -> None:
        """Remove all that belonged to one start."""
        for folder in self.of_this_start:
            shutil.rmtree(folder, ignore_errors=True)

    def variables(self, case_env_bin: str) -> dict[str, str]:
        """Environment variables inside: the Hub's own, and what the Lab extension needs. Nothing is inherited."""
        own = {k: v for k, v in Spawner.get_env(self).items() if k.startswith(("JUPYTERHUB_", "JPY_"))}
        common = {
            "HOME": HOME,
            "USER": "learner",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PATH": f"{case_env_bin}:/usr/bin:/bin",
            "JUPYTER_PLATFORM_DIRS": "1",
            "JUPYTERHUB_DEFAULT_URL": f"/lab/tree/{quote(self.notebook_name)}",
            "CASELOOP_CERTIFICATE": f"{IDENTITY}/environment.pem",
            "CASELOOP_CA": f"{IDENTITY}/ca.pem",
            "CASELOOP_CASE": self.case_id,
            "CASELOOP_NOTEBOOK": self.notebook_name,
        }
        return own | common | self.ways_out()

    def server_arguments(self) -> list[str]:
        """Arguments of `jupyterhub-singleuser` inside the sandbox."""
        return [f"--ServerApp.root_dir={HOME}", *self.get_args()]

    # --- what a spawner does in its own way ---------------------------------------------------------------------------

    @property
    @abstractmethod
    def launched(self) -> bool:
        """Whether an environment was started and not yet forgotten; survives a restart of the Hub."""

    @abstractmethod
    def ways_out(self) -> dict[str, str]:
        """Variables that tell the server inside how it reaches the Hub and the gateway."""

    @abstractmethod
    async def choose_environment(self, case: LearnerCase) -> None:
        """Find what the case's code runs in: the common environment, or its own. SpawnError when it is not there."""

    @abstractmethod
    async def launch(self, mounts: Sequence[Mount]) -> None:
        """Start the isolated environment, which sees these folders and nothing else of the host. SpawnError."""

    @abstractmethod
    async def until_it_listens(self) -> str:
        """Wait for the launched environment's server; its address for Hub and proxy. SpawnError."""

    def is_sound(self) -> bool:
        """Whether a running server is still the one that was started."""
        return True

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
        if self._listened and not self.is_sound():
            self.log.error("The server of %s is gone or another one; the environment is ended", self._log_name)
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
        """Renew the certificate, save changed work, look after what the subclass limits, end an unused one.

        Never raises, and a step that fails keeps no other from being taken: a certificate that cannot be renewed is no
        reason to keep no work. Only what was not saved is not ended.
        """
        await self._step("Renewing the certificate", self._renew)
        saved = await self._step("Saving the work", self.save)
        await self._step("Looking after the limits", self.look_after)
        if saved:
            await self._step("Ending it when unused", self._end_when_idle)

    async def _step(self, what: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Take one step; tell whether it was taken."""
        try:
            await step()
        except Exception:
            self.log.exception("%s failed for the environment of %s; it is tried again", what, self._log_name)
            return False
        return True

    async def _renew(self) -> None:
        await asyncio.to_thread(self.platform.certificates.renew, self.private_box)

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
