"""`touchline serve`."""

# ruff: noqa: PLC0415 - the app is imported while Postgres starts

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
import uvloop

from app.cli.data_dir import DataDir
from app.cli.listening import bind, unusable, url_of
from app.cli.problems import CannotRun
from app.cli.settings import is_embedded, log_style, secrets_of
from app.cli.stopping import Stop
from app.platform.config import Settings

if TYPE_CHECKING:
    from app.cli.demo_workspace import Credentials

# Longer than a request's statements may take, shorter than what platforms wait before they kill.
FINISH_SECONDS = 25
# Above the idle time of the usual load balancers, or they would reuse a connection we just closed.
KEEP_ALIVE_SECONDS = 75
# For connections that are being made while the door is closed, and for their first words: uvicorn
# closes whoever has not said yet what they want.
LET_IN_SECONDS = 0.1
SPEAK_SECONDS = 0.5


class Server(uvicorn.Server):
    """Announces that it listens; leaves signals to `Stop`, and the lifespan to its caller."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    def finish(self) -> None:
        """Take no more requests, answer those that are here."""
        self.should_exit = True

    def drop(self) -> None:
        """Answer none."""
        self.force_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, and serve who is in the hall: the kernel has let them in already, and
        would reset them without an answer."""
        late = [each.dup() for each in sockets or []]
        for each in late:
            each.listen(0)  # newcomers are kept waiting, and find the door shut afterwards
        await asyncio.sleep(LET_IN_SECONDS)
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        await asyncio.sleep(0)
        for each in late:
            each.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                while True:
                    accepted, _ = each.accept()
                    await asyncio.get_running_loop().connect_accepted_socket(
                        self._protocol, accepted
                    )
            each.close()
        await asyncio.sleep(SPEAK_SECONDS)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def serve(settings: Settings, *, demo_data: bool) -> None:
    """Serve until told to stop."""
    stop = Stop()
    with stop.heeded(), bind(settings.host, settings.port) as listener:
        if is_embedded(settings):
            _serve_embedded(settings, listener, stop, demo_data=demo_data)
        elif settings.database_url is None:
            raise CannotRun("set TOUCHLINE_DATABASE_URL: serving as the schema's owner is unsafe")
        else:
            secrets_of(settings)
            _import_app()
            _serve(settings, listener, stop, lambda: _say_where(url_of(listener)))


def _serve_embedded(
    settings: Settings, listener: socket.socket, stop: Stop, *, demo_data: bool
) -> None:
    data_dir = DataDir(settings.data_dir)
    with data_dir.running(meanwhile=_import_app), data_dir.serving():
        from app.cli.databases import embedded_settings
        from app.cli.demo_workspace import prepare

        found = embedded_settings(settings, data_dir)
        with data_dir.alone():
            file = data_dir.path / "credentials.json"
            credentials = asyncio.run(prepare(found, file, url_of(listener), demo_data=demo_data))
        _serve(found, listener, stop, lambda: _say_how_to_start(credentials, file))


def _import_app() -> None:
    import app.cli.demo_workspace
    import app.main  # noqa: F401


def _serve(
    settings: Settings, listener: socket.socket, stop: Stop, announce: Callable[[], None]
) -> None:
    from app.platform import logging

    logging.configure(settings.log_level, log_style(settings))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, listener, stop, announce))


async def _run(
    settings: Settings, listener: socket.socket, stop: Stop, announce: Callable[[], None]
) -> None:
    from app.main import create_app

    app = create_app(settings)
    server = Server(_uvicorn_config(app), announce)
    # Entered here and not by uvicorn, which would print a traceback for an unfit database.
    async with app.router.lifespan_context(app):
        stop.calls(server.finish, server.drop)
        try:
            await server.serve(sockets=[listener])
        except OSError as error:
            # Two processes can bind one address; the second to listen is refused.
            raise unusable(settings.host, settings.port, error) from error


def _uvicorn_config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        lifespan="off",
        http="httptools",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )


def _say_where(base_url: str) -> None:
    _say(f"\nTouchline serves on {base_url}; its documentation is at {base_url}/docs\n")


def _say_how_to_start(credentials: "Credentials", file: Path) -> None:
    _say(
        f"""
  Touchline is ready.

  Docs             {credentials.base_url}/docs
  Secret key       {credentials.secret_key}
  Publishable key  {credentials.publishable_key}

  Both keys are in {file}. Create a first lead:

  curl {credentials.base_url}/v1/leads \\
    -H 'Authorization: Bearer {credentials.secret_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"full_name": "Ada Lovelace", "email": "ada@example.com", "company": "Engines Ltd"}}'

  Ctrl-C stops it; the data stays in {file.parent}.
"""
    )


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
