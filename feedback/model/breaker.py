from typing import Final

from purgatory.domain.model import Context, OpenedState

from feedback.model.port import BreakerOpen, ModelError

_CLOSED: Final = "closed"


class Breaker:
    """Leaves a server alone for `pause` seconds after `failures` in a row; then the next request tries it.

    purgatory's state machine without its context manager: that one counts a request whose learner left as a success,
    so a hanging server with impatient learners would never be left alone.
    """

    def __init__(self, failures: int, pause: float) -> None:
        self._context = Context("model", failures, pause)
        self._pause = pause

    @property
    def closed(self) -> bool:
        """Whether requests pass without being a trial."""
        return self._context.state == _CLOSED

    def admit(self) -> None:
        """Let a request pass, or raise `BreakerOpen`."""
        try:
            self._context.handle_new_request()
        except OpenedState:
            raise BreakerOpen(f"the server failed several times; it is left alone for {self._pause:g} s") from None
        self._context.messages.clear()

    def failed(self, error: ModelError) -> None:
        """Count a failure; one that says nothing about the server's health shows that it answers."""
        if error.counts:
            self._context.handle_exception(error)
            self._context.messages.clear()
        else:
            self.answered()

    def answered(self) -> None:
        """The server did its part."""
        self._context.handle_end_request()
        self._context.messages.clear()
