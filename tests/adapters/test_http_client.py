"""The way out: bounded, without memory, and never to the inside, whatever the name resolves to."""

import asyncio
import gzip
import json
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpcore import AnyIOBackend
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app.adapters import http_client
from app.adapters.egress import DestinationRefused
from app.adapters.http_client import HttpClient, OutboundFailed, UnexpectedStatus

pytestmark = pytest.mark.anyio

# 127.0.0.1 and its neighbours as people, proxies and attackers spell them.
SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "0x7F.0x0.0x0.0x1",
    "2130706433",
    "017700000001",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "%31%32%37.0.0.1",
    "①②⑦.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "127．0．0．1",
    "ⓛocalhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "127.0.0.1%00.example.com",
    "127.0.0.1#.example.com",
    "127.0.0.1\\.example.com",
    "example.com@127.0.0.1",
    "example.com%40127.0.0.1",
    "user:password@127.0.0.1",
]


class Canary:
    """Listens on every loopback address and counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self.port = 0

    async def __aenter__(self) -> "Canary":
        self._servers = [await asyncio.start_server(self._visit, "0.0.0.0", 0)]
        self.port = self._servers[0].sockets[0].getsockname()[1]
        self._servers.append(await asyncio.start_server(self._visit, "::1", self.port))
        return self

    async def __aexit__(self, *_: Any) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _visit(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async with Canary() as canary:
        yield canary


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    """As in production: nothing private is allowed."""
    client = HttpClient()
    yield client
    await client.aclose()


@pytest.fixture
async def allowed() -> AsyncIterator[HttpClient]:
    """As an operator has it who allows the loopback network."""
    client = HttpClient(["127.0.0.0/8"])
    yield client
    await client.aclose()


@pytest.fixture(scope="module")
def one_server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def server(one_server: HTTPServer) -> HTTPServer:
    """A real server with nothing to say yet."""
    one_server.clear()
    return one_server


async def test_no_spelling_reaches_the_inside(client: HttpClient, canary: Canary) -> None:
    reached = []
    for spelling in SPELLINGS:
        for scheme in ("http", "https"):
            url = f"{scheme}://{spelling}:{canary.port}/"
            for call in (client.request("GET", url), client.check_destination(url)):
                try:
                    await call
                    reached.append(url)
                except OutboundFailed as error:
                    # Then there is no such host at all, by this system's resolver.
                    if "cannot be reached" not in error.message:
                        reached.append(url)
                except DestinationRefused:
                    pass
    assert reached == []
    assert canary.visits == 0


async def test_the_canary_is_alive(canary: Canary) -> None:
    """Without the guard it is reached, by the odd spellings too."""
    client = HttpClient(["127.0.0.0/8", "::1"])
    for host in ("127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::1]"):
        before = canary.visits
        with pytest.raises(OutboundFailed):
            await client.request("GET", f"http://{host}:{canary.port}/")
        assert canary.visits > before, host
    await client.aclose()


async def test_a_name_is_judged_by_the_address_it_is_connected_to(canary: Canary) -> None:
    """Rebinding: the name means a public address when it is checked, and ours afterwards."""
    answers = 0

    async def rebinding(_host: str, _port: int) -> list[str]:
        nonlocal answers
        answers += 1
        return ["93.184.215.14"] if answers % 2 else ["127.0.0.1"]

    client = HttpClient(resolve=rebinding)
    for _ in range(200):
        url = f"http://rebinding.example:{canary.port}/"
        await client.check_destination(url)
        with pytest.raises(DestinationRefused):
            await client.request("GET", url)
    await client.aclose()
    assert canary.visits == 0


async def test_of_several_addresses_only_the_permitted_are_tried(canary: Canary) -> None:
    async def mixed(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "10.0.0.1", "::1", "127.0.0.9"]

    client = HttpClient(["127.0.0.9"], resolve=mixed)
    with pytest.raises(OutboundFailed):
        await client.request("GET", f"http://mixed.example:{canary.port}/")
    await client.aclose()
    assert canary.visits == 1


async def test_the_connected_address_is_judged_as_well(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the network below go elsewhere than it was told, nothing is sent."""
    connect = AnyIOBackend.connect_tcp

    async def astray(self: Any, _host: str, port: int, **options: Any) -> Any:
        return await connect(self, "127.0.0.1", port, **options)

    monkeypatch.setattr(AnyIOBackend, "connect_tcp", astray)
    client = HttpClient()
    with pytest.raises(DestinationRefused):
        await client.request("GET", f"http://93.184.215.14:{canary.port}/")
    await client.aclose()


async def test_the_environment_names_no_proxy(
    allowed: HttpClient,
    canary: Canary,
    server: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    server.expect_request("/").respond_with_json({})
    client = HttpClient(["127.0.0.0/8"])
    assert await client.get_json(server.url_for("/")) == {}
    await client.aclose()
    assert canary.visits == 0


async def test_json_is_read_and_written(allowed: HttpClient, server: HTTPServer) -> None:
    server.expect_request("/get", query_string="a=1&b=%26").respond_with_json({"x": [1]})
    server.expect_request("/post", json={"name": "Ärger"}, headers={"X": "y"}).respond_with_json(2)
    server.expect_request("/nothing").respond_with_data(b"", status=204)
    assert await allowed.get_json(server.url_for("/get?a=1"), params={"b": "&"}) == {"x": [1]}
    found = await allowed.post_json(server.url_for("/post"), {"name": "Ärger"}, headers={"X": "y"})
    assert found == 2
    assert await allowed.post_json(server.url_for("/nothing"), {}) is None


@pytest.mark.parametrize(
    ("status", "final"), [(302, True), (400, True), (404, True), (429, False), (500, False)]
)
async def test_a_status_that_is_no_success(
    allowed: HttpClient, server: HTTPServer, status: int, final: bool
) -> None:
    server.expect_request("/secret-path").respond_with_data(
        "x", status=status, headers={"Retry-After": "120", "Location": "/other"}
    )
    server.expect_request("/other").respond_with_json({})
    with pytest.raises(UnexpectedStatus) as refused:
        await allowed.get_json(server.url_for("/secret-path?token=secret"))
    assert (refused.value.status, refused.value.final) == (status, final)
    assert refused.value.retry_after == timedelta(seconds=120)
    assert refused.value.message == f"127.0.0.1 answered {status}"


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("7", 7),
        ("99999999", 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 86_400),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_how_long_to_wait(text: str, wait: int | None) -> None:
    answer = http_client.Answer(status=429, headers={"retry-after": text}, body=b"")
    assert answer.retry_after == (None if wait is None else timedelta(seconds=wait))


async def test_an_answer_is_never_larger_than_asked_for(
    allowed: HttpClient, server: HTTPServer
) -> None:
    server.expect_request("/plain").respond_with_data(b"x" * 2_000)
    bomb = gzip.compress(b"\0" * 50_000_000)
    server.expect_request("/bomb").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    whole = await allowed.request("GET", server.url_for("/plain"), most_bytes=2_000)
    assert len(whole.body) == 2_000
    for path, most in (("/plain", 1_999), ("/bomb", 1_000_000)):
        with pytest.raises(OutboundFailed, match="more than"):
            await allowed.request("GET", server.url_for(path), most_bytes=most)


async def test_a_bomb_is_not_unpacked_first(allowed: HttpClient, server: HTTPServer) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    server.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(OutboundFailed):
            await allowed.request("GET", server.url_for("/"))
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()


async def test_a_packed_answer_is_unpacked(allowed: HttpClient, server: HTTPServer) -> None:
    packed = gzip.compress(json.dumps({"a": "b" * 100_000}).encode())
    server.expect_request("/").respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    server.expect_request("/cut").respond_with_data(
        packed[:-20], headers={"Content-Encoding": "gzip"}
    )
    server.expect_request("/not").respond_with_data(b"{}", headers={"Content-Encoding": "gzip"})
    server.expect_request("/br").respond_with_data(b"{}", headers={"Content-Encoding": "br"})
    assert await allowed.get_json(server.url_for("/")) == {"a": "b" * 100_000}
    for path in ("/cut", "/not", "/br"):
        with pytest.raises(OutboundFailed):
            await allowed.get_json(server.url_for(path))


async def test_what_is_no_json(allowed: HttpClient, server: HTTPServer) -> None:
    server.expect_request("/").respond_with_data(b"<html>", content_type="application/json")
    with pytest.raises(OutboundFailed, match="not JSON"):
        await allowed.get_json(server.url_for("/"))


async def test_it_does_not_wait_for_ever(allowed: HttpClient, server: HTTPServer) -> None:
    over = threading.Event()

    def trickle(_: Request) -> Response:
        def body() -> Iterator[bytes]:
            while not over.wait(0.02):
                yield b"x"

        return Response(body())

    server.expect_request("/").respond_with_handler(trickle)
    try:
        async with asyncio.timeout(5):
            with pytest.raises(OutboundFailed, match="in time"):
                await allowed.request("GET", server.url_for("/"), seconds=0.3)
    finally:
        over.set()


async def test_no_cookie_is_kept(allowed: HttpClient, server: HTTPServer) -> None:
    seen: list[str | None] = []

    def answer(request: Request) -> Response:
        seen.append(request.headers.get("Cookie"))
        return Response("{}", headers={"Set-Cookie": "session=1; Path=/"})

    server.expect_request("/").respond_with_handler(answer)
    for _ in range(2):
        await allowed.get_json(server.url_for("/"))
    assert seen == [None, None]


async def test_a_server_that_is_not_there(allowed: HttpClient) -> None:
    with pytest.raises(OutboundFailed, match="cannot be reached") as failed:
        await allowed.request("GET", "http://127.0.0.1:1025/?token=secret")
    assert not failed.value.final


async def test_a_host_that_is_not_known() -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such host")

    client = HttpClient(resolve=unknown)
    with pytest.raises(OutboundFailed, match=r"cannot be reached") as failed:
        await client.request("GET", "http://nowhere.example/")
    assert not failed.value.final
    with pytest.raises(DestinationRefused):
        await client.check_destination("http://nowhere.example/")
    await client.aclose()
