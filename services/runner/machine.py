"""Find out how sandboxes can be made here, and say in one line what is missing."""

import asyncio
import os
import tempfile
from pathlib import Path

import structlog

from services.runner import cgroups
from services.runner.bubblewrap import Shape, bubblewrap, find_interpreter
from services.runner.containers import Containers
from services.runner.errors import SandboxUnavailable, SessionRefused
from services.runner.local_sandbox import Machine
from services.runner.sandboxes import Plan, Sandboxes
from services.runner.settings import RunnerSettings
from services.runner.zygote import Zygote

_log = structlog.get_logger()


async def find_sandboxes(settings: RunnerSettings) -> Sandboxes:
    """The way that is set, tried with a real session. Raises SandboxUnavailable."""
    if settings.containers is None:
        return await find_machine(settings, root=os.geteuid() == 0)
    containers = Containers(settings.containers, settings.start_seconds)
    try:
        await containers.sweep()
        await _try(containers)
    except SessionRefused as error:
        await containers.close()
        raise SandboxUnavailable(f"no container can be made for checks: {error.detail}") from None
    _log.info("sandbox_ready", image=settings.containers.image)
    return containers


async def find_machine(settings: RunnerSettings, *, root: bool, only: Shape | None = None) -> Machine:
    """Try the shapes of a sandbox, best first, each with a real session. Raises SandboxUnavailable."""
    bubblewrap()
    interpreter = find_interpreter(settings.learner_env)
    groups = cgroups.detect()
    refusals = []
    for shape in [only] if only else _shapes(root=root):
        machine = Machine(interpreter, shape, groups, settings.start_seconds, settings.environments)
        try:
            await _try(machine)
        except SessionRefused as error:
            refusals.append(error.detail)
            continue
        _log.info("sandbox_ready", shape=repr(shape), cgroups=groups is not None, refused=refusals)
        return machine
    raise SandboxUnavailable(
        f"no sandbox can be made here ({'; '.join(dict.fromkeys(refusals))}): allow user namespaces "
        "(`sysctl kernel.unprivileged_userns_clone=1`, and on Ubuntu `kernel.apparmor_restrict_unprivileged_userns=0`)."
    )


def _shapes(*, root: bool) -> list[Shape]:
    nested = [Shape(drop_root=True, nested=True)] if root else []
    whole = [Shape(drop_root=True, nested=False)] if root else []
    return [*nested, Shape(drop_root=False, nested=True), *whole, Shape(drop_root=False, nested=False)]


async def _try(machine: Sandboxes) -> None:
    with tempfile.TemporaryDirectory() as empty:
        zygote = Zygote(machine, Plan("self-test", (), Path(empty), 16))
        try:
            await asyncio.to_thread(Path(empty).chmod, 0o755)
            await zygote.start()
            session = await zygote.open(warm=False)
            await session.close()
        finally:
            await zygote.close()
