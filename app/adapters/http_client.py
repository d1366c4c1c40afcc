"""The one way out over HTTP: bounded in time and size, no redirects, and never to the inside."""

import asyncio
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx
import orjson

from app.adapters.egress import DestinationRefused, EgressPolicy
from app.domain.reach.jobs import AttemptFailed
from app.platform import clock

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0
MOST_BYTES = 1024 * 1024
_LONGEST_WAIT = timedelta(days=1)
# Refusals that another attempt may not meet.
_PASSING = frozenset({408, 425, 429})

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class OutboundFailed(AttemptFailed):
    """The other side did not answer, or not with what was asked for."""


class UnexpectedStatus(OutboundFailed):
    """The other side answered with a status that is no success."""

    def __init__(self, host: str, status: int, retry_after: timedelta | None) -> None:
        final = 300 <= status < 500 and status not in _PASSING
        super().__init__(f"{host} answered {status}", final=final, retry_after=retry_after)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def retry_after(self) -> timedelta | None:
        """How long the other side asks us to wait, at most a day."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return min(timedelta(seconds=int(text)), _LONGEST_WAIT)
        try:
            wait = parsedate_to_datetime(text) - clock.now()
        except (ValueError, TypeError):
            return None
        return min(max(wait, timedelta()), _LONGEST_WAIT)


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpClient:
    """Calls servers that workspaces name, and vendors; keeps connections, but no cookies."""

    def __init__(self, allow_private: Sequence[str] = (), *, resolve: Resolve = resolved) -> None:
        self._policy = EgressPolicy(allow_private)
        self._resolve = resolve
        self._client = httpx.AsyncClient(
            transport=_Transport(_GuardedNetwork(self._policy, resolve)),
            timeout=_silence(READ_SECONDS),
            follow_redirects=False,
            # No proxy and no password may come from the environment.
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": "Touchline", "Accept-Encoding": "gzip"},
        )

    async def aclose(self) -> None:
        """Close what is kept open."""
        await self._client.aclose()

    async def check_destination(self, url: str) -> None:
        """DestinationRefused unless this URL may be called as its name stands now.

        For telling early, when a URL is saved; each call judges anew.
        """
        read = self._policy.read(url)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await self._resolve(read.host, read.port or 443)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise DestinationRefused(f"the host {read.host} is not known") from error
        if not any(self._policy.permits(read.host, address) for address in addresses):
            raise _inside(read.host)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        most_bytes: int = MOST_BYTES,
        seconds: float | None = None,
    ) -> Answer:
        """The answer, whatever its status; OutboundFailed or DestinationRefused if there is none.

        Redirects are answers like any other. What a failure says names the host and no more of
        the URL, which may hold secrets.
        """
        read = self._policy.read(url)
        if params:
            read = read.copy_merge_params(params)
        host = read.host
        try:
            async with (
                asyncio.timeout(seconds or TOTAL_SECONDS),
                self._client.stream(
                    method,
                    read,
                    headers=headers,
                    content=content,
                    timeout=_silence(seconds or READ_SECONDS),
                ) as response,
            ):
                body = await _body(response, most_bytes)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OutboundFailed(f"{host} did not answer in time") from error
        except httpx.ConnectError as error:
            raise OutboundFailed(f"{host} cannot be reached") from error
        except (httpx.HTTPError, httpx.InvalidURL, zlib.error) as error:
            raise OutboundFailed(f"{host} broke off ({type(error).__name__})") from error
        known = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=known, body=body)

    async def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """What a GET is answered with, as JSON; UnexpectedStatus unless it is a success."""
        accept = {"Accept": "application/json"}
        given = {**accept, **(headers or {})}
        answer = await self.request("GET", url, headers=given, params=params)
        return _json_of(httpx.URL(url).host, answer)

    async def post_json(
        self,
        url: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """What a POST of this JSON is answered with; None for an empty answer."""
        kind = {"Accept": "application/json", "Content-Type": "application/json"}
        answer = await self.request(
            "POST",
            url,
            headers={**kind, **(headers or {})},
            params=params,
            content=orjson.dumps(body),
        )
        return _json_of(httpx.URL(url).host, answer)


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves once, connects to an address it has judged, and judges what it is connected to."""

    def __init__(self, policy: EgressPolicy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("unknown host") from error
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        permitted = [a for a in addresses if self._policy.permits(host, a)]
        if not permitted:
            raise _inside(host)
        for address in permitted[:-1]:
            try:
                return await self._connect(host, address, port, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._connect(host, permitted[-1], port, timeout)

    async def _connect(
        self, host: str, address: str, port: int, seconds: float | None
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect_tcp(address, port, timeout=seconds)
        peer = stream.get_extra_info("server_addr")
        if not peer or not self._policy.permits(host, str(peer[0])):
            await stream.aclose()
            raise _inside(host)
        return stream

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise DestinationRefused("a socket of this machine is not called")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's transport over our network; it has no parameter for that."""

    def __init__(self, network: httpcore.AsyncNetworkBackend) -> None:
        super().__init__()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=network,
        )


def _silence(seconds: float) -> httpx.Timeout:
    """For how long nothing at all may come."""
    return httpx.Timeout(seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)


async def _body(response: httpx.Response, most: int) -> bytes:
    """The decoded body, never more of it in memory than is asked for."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise OutboundFailed(f"{response.url.host} answered in an encoding that is not known")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        # One byte more than allowed, to see that it is too much.
        body += decoder.decompress(chunk, most + 1 - len(body)) if decoder else chunk
        if len(body) > most:
            raise OutboundFailed(f"{response.url.host} answered with more than {most} bytes")
    if decoder and body and not decoder.eof:
        raise OutboundFailed(f"{response.url.host} broke off its answer")
    return bytes(body)


def _json_of(host: str, answer: Answer) -> Any:
    if not 200 <= answer.status < 300:
        raise UnexpectedStatus(host, answer.status, answer.retry_after)
    if not answer.body.strip():
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise OutboundFailed(f"{host} answered with something that is not JSON") from error


def _inside(host: str) -> DestinationRefused:
    return DestinationRefused(
        f"{host} is not on the internet; TOUCHLINE_EGRESS_ALLOW_PRIVATE can allow it"
    )
