from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prometheus_client import CollectorRegistry

from feedback.model.port import ChatModel
from feedback.model.settings import ModelSettings

# What a model needs is imported where one is configured: a system without pays neither the time nor the memory.


def require_usable(settings: ModelSettings) -> None:
    """Find out before anything is started whether the settings can be used. Raises `ModelMisconfigured`."""
    if settings.kind == "vllm":
        settings.require_usable()
    elif settings.kind == "scripted":
        _scripted(settings)


@asynccontextmanager
async def open_model(
    settings: ModelSettings, registry: CollectorRegistry | None = None
) -> AsyncIterator[ChatModel | None]:
    """The configured model behind its slots, attempts, limits and breaker; None where words come from rules.

    It does not wait for the server, which may come up later. Raises `ModelMisconfigured` when the settings cannot be
    used, and its `RemoteModelNotAcknowledged` when learners' texts would leave this machine without anybody's word.
    """
    if settings.kind == "none":
        yield None
        return
    from feedback.model.steady import Steady

    async with AsyncExitStack() as stack:
        model: ChatModel
        if settings.kind == "scripted":
            model = _scripted(settings)
        else:
            from feedback.model.adapters.vllm import VllmModel

            settings.require_usable()
            model = await stack.enter_async_context(VllmModel(settings))
        yield Steady(model, settings, registry)


def _scripted(settings: ModelSettings) -> ChatModel:
    from feedback.model.adapters.default_script import default_answer
    from feedback.model.adapters.script import read_script
    from feedback.model.adapters.scripted import ScriptedModel

    return ScriptedModel(read_script(settings.script, default_answer) if settings.script else None)
