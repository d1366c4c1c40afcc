"""A real SMTP server on the loopback address."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


class Inbox:
    """Keeps what it is sent; answers RCPT and DATA as told."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.senders: list[str] = []
        self.recipients: list[str] = []
        self.rcpt = self.data = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data:
            return self.data
        self.raw.append(envelope.content)
        self.senders.append(envelope.mail_from)
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    def messages(self) -> list[EmailMessage]:
        """What came, parsed."""
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw]


@asynccontextmanager
async def listening(
    inbox: Inbox, secure: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[str]:
    """The host and port of a server on the loopback address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, loop=loop, **options), host="0.0.0.0", port=0, ssl=secure
    )
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
