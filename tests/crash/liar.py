"""A stand-in for the service that breaks its word, to see the suite notice.

`early` answers 202 and stores what it took a moment later; `twice` stores every attempt anew.
"""

import asyncio
import hashlib
import os
import re
import sys
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

STORE_SECONDS = 0.3
# The attempt at which `twice` ends between its commit and its answer.
DIE_AT = int(os.environ.get("LIAR_DIE_AT", "0"))
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_INSERT = """
    INSERT INTO submissions (workspace_id, id, kind, received_at, raw, body_hash, content_type,
                             query, headers, part, is_test, suspicions, status)
    SELECT id, $1, 'api', $2, $3, ''::bytea, '', '', '{}', 0, false, '[]', 'captured'
      FROM workspaces WHERE id = $4
    ON CONFLICT DO NOTHING
"""


class Liar:
    """One connection to the database, as its owner."""

    def __init__(self, how: str, database: asyncpg.Connection) -> None:
        self._how = how
        self._database = database
        self._held: list[tuple[UUID, bytes, UUID]] = []
        self._attempts = 0
        self._lock = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one client."""
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except EOFError:
                writer.close()
                return
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            receipt = await self._take(head, body)
            answer = f'{{"receipt_id":"{receipt}","status":"received"}}'
            writer.write(
                f"HTTP/1.1 202 X\r\ncontent-length: {len(answer)}\r\n\r\n{answer}".encode()
            )
            await writer.drain()

    async def store(self) -> None:
        """What `early` does when it has the time."""
        while True:
            await asyncio.sleep(STORE_SECONDS)
            while self._held:
                await self._insert(*self._held.pop())

    async def _take(self, head: bytes, body: bytes) -> UUID:
        workspace_id = UUID(hex=head.decode().partition("_")[2][3:35])
        if self._how == "early":
            receipt = UUID(bytes=hashlib.sha256(body).digest()[:16])
            self._held.append((receipt, body, workspace_id))
        else:
            receipt = uuid4()
            await self._insert(receipt, body, workspace_id)
            self._attempts += 1
            if self._attempts == DIE_AT:
                os._exit(137)
        return receipt

    async def _insert(self, receipt: UUID, body: bytes, workspace_id: UUID) -> None:
        async with self._lock:
            await self._database.execute(_INSERT, receipt, datetime.now(UTC), body, workspace_id)


async def main(how: str, port: int) -> None:
    """Serve until killed."""
    database = await asyncpg.connect(os.environ["LIAR_DATABASE_URL"])
    liar = Liar(how, database)
    server = await asyncio.start_server(liar.serve, "127.0.0.1", port)
    sys.stderr.write("serving as if on http://127.0.0.1/docs\n")
    await asyncio.gather(server.serve_forever(), liar.store())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[3])))
