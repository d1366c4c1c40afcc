"""Where a crash run takes place: a Postgres for all runs, and for each a service of its own."""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.domain.access.api_keys import KeyKind
from app.platform.db import Database
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.services.access.provisioning import add_api_key, create_workspace
from tests.cli.processes import environment
from tests.crash import state
from tests.crash.ledger import Found, Ledger, Verdict, check
from tests.crash.postgres import CrashablePostgres, free_port
from tests.crash.proxy import Proxy
from tests.crash.service import Service
from tests.crash.writers import Door, Keys, Writers

ROOT = Path(__file__).parents[2]
SETTLE_SECONDS = 60.0
POLL_SECONDS = 0.2


class Stage:
    """A folder that is thrown away, and the Postgres in it."""

    def __init__(self, bin_dir: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="touchline-crash-"))
        self.folder.chmod(0o755)
        self.postgres = CrashablePostgres(self.folder / "postgres", bin_dir)
        self.secret = secrets.token_urlsafe(48)

    async def open(self) -> None:
        """Make the database and start it."""
        await self.postgres.make()
        await self.postgres.start()

    def close(self) -> None:
        """Stop it and clear up."""
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @asynccontextmanager
    async def scene(
        self,
        name: str,
        *,
        seed: int = 1,
        by_proxy: bool = False,
        **variables: str,
    ) -> AsyncIterator["Scene"]:
        """A new workspace with keys, a ledger, an empty spool and a service, not yet started.

        `variables` are settings of the service without their prefix, in lower case.
        """
        folder = self.folder / f"{name}-{secrets.token_hex(4)}"
        folder.mkdir()
        workspace_id, keys = await self._workspace(f"{name}-{secrets.token_hex(4)}")
        proxy = Proxy(self.postgres.port)
        async with proxy.running():
            env = self._env(folder, proxy.port if by_proxy else None, variables)
            service = Service(folder, env, free_port())
            with Ledger(folder / "ledger.jsonl") as ledger:
                scene = Scene(self, folder, workspace_id, keys, ledger, service, proxy, seed)
                try:
                    yield scene
                finally:
                    scene.close()
        shutil.rmtree(folder, ignore_errors=True)

    def _env(self, folder: Path, port: int | None, variables: dict[str, str]) -> dict[str, str]:
        ours = {
            "database_url": self.postgres.app_url(port),
            "secret": self.secret,
            "spool_dir": str(folder / "spool"),
            # The folder of temporary files lies on an overlay in many containers; here it only
            # has to outlive processes.
            "spool_allow_ephemeral": "true",
            "intake_rate_per_key": "0",
            "intake_rate_per_key_soft": "0",
            "intake_rate_per_address": "0",
            "intake_rate_per_address_soft": "0",
            **variables,
        }
        bytecode = Path(os.environ.get("PYTHONPYCACHEPREFIX", self.folder / "bytecode"))
        settings = {f"TOUCHLINE_{name.upper()}": value for name, value in ours.items()}
        # The service of this tree, also where several trees share a virtual environment.
        return environment(bytecode) | settings | {"PYTHONPATH": str(ROOT)}

    async def _workspace(self, slug: str) -> tuple[UUID, Keys]:
        owner = Database(self.postgres.owner_url, pool_size=1)
        try:
            workspace_id = await create_workspace(owner, slug[:31], "Crash", default_country="DE")
            signer = Secrets(self.secret)
            secret, publishable = [
                await add_api_key(owner, signer, workspace_id, "crash", kind)
                for kind in (KeyKind.SECRET, KeyKind.PUBLISHABLE)
            ]
        finally:
            await owner.close()
        return workspace_id, Keys(secret, publishable)


@dataclass
class Scene:
    """One run: what the clients saw, and who they talk to."""

    stage: Stage
    folder: Path
    workspace_id: UUID
    keys: Keys
    ledger: Ledger
    service: Service
    proxy: Proxy
    seed: int

    @property
    def postgres(self) -> CrashablePostgres:
        return self.stage.postgres

    @property
    def spool_dir(self) -> Path:
        return self.folder / "spool"

    @asynccontextmanager
    async def writers(
        self,
        prefix: str,
        *other_ports: int,
        door: Door = Door.BOTH,
        keep_alive: bool = True,
    ) -> AsyncIterator[Writers]:
        """Clients whose keys start with the prefix."""
        found = Writers(
            [self.service.port, *other_ports],
            self.keys,
            self.ledger,
            f"{prefix}-{new_id().hex[-8:]}",
            seed=self.seed,
            door=door,
            keep_alive=keep_alive,
        )
        try:
            yield found
        finally:
            found.close()

    async def settled(self, seconds: float = SETTLE_SECONDS) -> None:
        """Until everything acknowledged is stored, and nothing that is stored waits.

        TimeoutError when for so many seconds nothing moved: a backlog may take its time.
        """
        receipts = [r for entry in self.ledger.entries.values() for r in entry.receipts[:1]]
        before, since = None, time.monotonic()
        while True:
            rest = await state.rest(self.postgres, self.workspace_id, receipts)
            if rest == state.Rest(0, 0):
                return
            if rest != before:
                before, since = rest, time.monotonic()
            elif time.monotonic() - since > seconds:
                raise TimeoutError(f"nothing moves any more: {rest}")
            await asyncio.sleep(POLL_SECONDS)

    async def found(self) -> Found:
        """Everything that is stored now."""
        return await state.found(self.postgres, self.workspace_id)

    async def verdict(self, seconds: float = SETTLE_SECONDS) -> Verdict:
        """The ledger held against the settled end."""
        with contextlib.suppress(TimeoutError):
            await self.settled(seconds)
        return check(self.ledger, await self.found())

    def close(self) -> None:
        """End the service, and leave Postgres running for the next run."""
        self.service.kill()
        if self.postgres.process.poll() is None:
            self.postgres.thaw()
