"""TLS in front of a running system, as a reverse proxy has it: for browsers that ask for https."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.tls_server import server_context


@contextlib.contextmanager
def tls_front(port: int, system_port: int, folder: Path) -> Iterator[Path]:
    """Take TLS off what comes to `port`, and pass it on byte by byte; yields the certificate, of 127.0.0.1."""
    certificate = folder / "front.pem"
    front = _Front(port, system_port, server_context(certificate, folder / "front.key"))
    # a thread of its own: where a browser is open, its event loop runs in this one
    thread = threading.Thread(target=lambda: asyncio.run(front.run()))
    thread.start()
    try:
        assert front.ready.wait(20)
        yield certificate
    finally:
        front.stop()
        thread.join()


class _Front:
    def __init__(self, port: int, system_port: int, context: ssl.SSLContext) -> None:
        self._port, self._system_port, self._context = port, system_port, context
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop; what is open then is cut off."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._context)
        self.ready.set()
        await self._stopped.wait()
        server.close()

    def stop(self) -> None:
        """From another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # cancelled at the end: nobody but the loop hears of it, which would log it
        with contextlib.suppress(OSError, asyncio.CancelledError), _cut_off(writer):
            from_system, to_system = await asyncio.open_connection("127.0.0.1", self._system_port)
            with _cut_off(to_system):
                ways = [asyncio.ensure_future(one) for one in (_pump(reader, to_system), _pump(from_system, writer))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)


@contextlib.contextmanager
def _cut_off(writer: asyncio.StreamWriter) -> Iterator[None]:
    """End the connection with the block: what was written goes out, and no goodbye of TLS is waited for."""
    try:
        yield
    finally:
        if writer.transport.get_write_buffer_size() == 0:
            writer.transport.abort()
        else:
            writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(65_536):
            target.write(piece)
            await target.drain()
