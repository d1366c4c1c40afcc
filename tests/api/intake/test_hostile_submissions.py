"""Whatever is sent to the public doors: no 5xx, CORS on every answer, bytes kept as they came."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.domain.access.api_keys import KeyKind
from app.domain.errors import Unavailable
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.services.access.provisioning import add_api_key
from tests.api.intake.test_form_posts import FIELDS, make_form
from tests.api.test_hostile_bodies import MALFORMED, NAMED
from tests.conftest import SECRET, Client
from tests.factories.texts import NAUGHTY
from tests.problems import assert_problem

pytestmark = pytest.mark.anyio

JSON, URLENCODED = "application/json", "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=xx"
PART = b"--xx\r\nContent-Disposition: form-data"
VISITOR = "/v1/visitors/visitor-0001/touchpoints"

ODD_TYPES = [
    "",
    ";;;",
    "application/json; charset=\xff",
    "application/json;charset=utf-7",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "x" * 300,
    "application/octet-stream",
    "application/xml",
    "image/png",
    "x" * 3_000,
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=rot13",
]
ODD_POSTS: list[tuple[bytes, str]] = [
    (b"", JSON),
    (b"", URLENCODED),
    (b"\x00" * 100, URLENCODED),
    (b"%", URLENCODED),
    (b"%00=%00&email=a%00b%40example.com", URLENCODED),
    (b"email=%ED%A0%80&name=%FF%FE", URLENCODED),
    (b"&" * 50_000, URLENCODED),
    (b"=" * 50_000, URLENCODED),
    (b"&".join(b"a%d=b" % n for n in range(9_000)), URLENCODED),
    (b"email=" + b"a" * 200_000, URLENCODED),
    (b"tl_key=&email=a%40example.com&name=A", URLENCODED),
    (b"tl_key=%00%FF&email=b%40example.com&name=A", URLENCODED),
    (b"tl_key=" + b"k" * 9_000 + b"&email=c%40example.com&name=A", URLENCODED),
    (b"tl_visitor=%ED%A0%80&email=d%40example.com&name=A", URLENCODED),
    (b"tl_rendered_at=99999999999999999999999&tl_submitted_at=x&email=e%40example.com", URLENCODED),
    (b'{"tl_visitor":"\\ud800","email":"f@example.com","name":"A"}', JSON),
    (b'{"tl_key":"\\ud800","email":"g@example.com","name":"\\udfff"}', JSON),
    (b'{"tl_pow":"\\ud800","email":"\\u0000"}', JSON),
    (b'{"fields":{"email":{"a":[1,2,{}]},"name":["x",null,1e9]}}', JSON),
    (
        b'{"fields":{"email":"h@example.com","\\ud800":"\\u0000"},"context":{"utm":{"\\u0000":"x"}}}',
        JSON,
    ),
    (b'{"fields":{},"consents":[null,1,{"purpose":[1]}],"context":[]}', JSON),
    (
        b'{"context":{"visitor_id":{"a":1},"rendered_at":1e308,"submitted_at":[]},"fields":{"a":1}}',
        JSON,
    ),
    (b"--xx\r\n", BOUNDARY),
    (b"--xx--\r\n", BOUNDARY),
    (b"--xx\r\n\r\n\r\n--xx--\r\n", BOUNDARY),
    (
        b'--xx\r\nContent-Disposition: form-data; name="\x00\xff"\r\n\r\n\x00\r\n--xx--\r\n',
        BOUNDARY,
    ),
    (b"--xx\r\n" + b"A: b\r\n" * 100 + b"\r\n\r\n--xx--\r\n", BOUNDARY),
    (
        b'--xx\r\nContent-Disposition: form-data; name="f"; filename="../../x"\r\n\r\nMZ\r\n--xx--',
        BOUNDARY,
    ),
    (b"\xff\xd8\xff\xe0", BOUNDARY),
]


def hostile() -> Iterator[tuple[bytes, str]]:
    """Bodies with their types, for a door that takes whatever comes."""
    yield from ((body, JSON) for body in MALFORMED.values())
    yield from ((body, JSON) for body, _ in NAMED.values())
    yield from ODD_POSTS
    yield from ((b"email=z%40example.com&name=Z", media) for media in ODD_TYPES)
    for text in NAUGHTY:
        yield json.dumps({"fields": {"name": text, "email": text, text: text}}).encode(), JSON
        yield json.dumps({"name": text}, ensure_ascii=False).encode(), "text/plain"


def checked(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


async def send(client: Client, path: str, body: bytes, media: str) -> httpx.Response:
    headers = {"Content-Type": media.encode("latin-1")} if media else {}
    return await client.post(path, content=body, headers=headers)  # type: ignore[arg-type]


async def all_raw(client: Client) -> list[bytes]:
    """Every stored body, oldest first."""
    found: list[bytes] = []
    cursor = ""
    while True:
        page = (await client.get(f"/v1/submissions?sort=received_at&limit=200{cursor}")).json()
        for each in page["data"]:
            raw = await client.get(f"/v1/submissions/{each['receipt_id']}/raw")
            found.append(raw.content)
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_a_form_takes_everything_as_it_came(client: Client, app: FastAPI) -> None:
    form = await make_form(client, fields=FIELDS, protection={"min_seconds": 0})
    kept: list[bytes] = []
    for body, media in hostile():
        answer = await send(client, f"/f/{form['token']}", body, media)
        checked(answer)
        assert answer.status_code in (202, 303, 413, 422), (answer.status_code, media, body[:80])
        if answer.status_code != 413:
            kept.append(body)
    assert len(kept) > 250
    assert await all_raw(client) == kept
    await app.state.runtime.pipeline.run(client.workspace_id)
    listed = (await client.get("/v1/submissions?status=quarantined")).json()["data"]
    assert listed == [], listed[0]["findings"]
    assert (await client.get("/v1/submissions?status=received")).json()["data"] == []


@pytest.mark.parametrize("path", ["/v1/submissions", VISITOR])
async def test_what_is_no_json_is_refused_and_leaves_nothing(client: Client, path: str) -> None:
    bodies = [*MALFORMED.values(), *(body for body, _ in NAMED.values())]
    for body in bodies:
        answer = await send(client, path, body, JSON)
        checked(answer)
        assert_problem(answer)
        assert answer.status_code in (413, 422), answer.text
    for body, media in ODD_POSTS:
        if media != JSON:
            answer = await send(client, path, body, media)
            checked(answer)
            assert answer.status_code == 415
    assert await all_raw(client) == []


async def test_odd_text_is_kept_as_it_came(client: Client, app: FastAPI) -> None:
    kept: list[bytes] = []
    for text in NAUGHTY:
        bodies = {
            "/v1/submissions": {
                "fields": {"full_name": text[:400], "description": text, "email": text},
                "touchpoint": {"kind": "call", "summary": text, "payload": {text: [text]}},
                "context": {"utm": {"source": text[:400]}, "page_url": text},
            },
            VISITOR: {"touchpoints": [{"kind": "a", "summary": text, "payload": {text: text}}]},
        }
        for path, body in bodies.items():
            raw = json.dumps(body, ensure_ascii=len(kept) % 2 == 0).encode()
            answer = await send(client, path, raw, JSON)
            checked(answer)
            if answer.status_code == 202:
                kept.append(raw)
    assert len(kept) > 150
    assert await all_raw(client) == kept
    await app.state.runtime.pipeline.run(client.workspace_id)
    for status in ("quarantined", "received"):
        listed = (await client.get(f"/v1/submissions?status={status}")).json()["data"]
        assert listed == [], listed[0]["findings"]


class TestEveryErrorCanBeReadByAPage:
    """A browser sees an error without the header as a broken line, and cannot tell what to do."""

    @pytest.fixture
    async def page(self, client: Client, owner_database: Database) -> dict[str, str]:
        key = await add_api_key(
            owner_database, Secrets(SECRET), client.workspace_id, "page", KeyKind.PUBLISHABLE
        )
        return {"Authorization": f"Bearer {key}", "Origin": "https://www.example.com"}

    @pytest.mark.parametrize("path", ["/v1/submissions", VISITOR, "/f/" + "A" * 56])
    @pytest.mark.parametrize(
        ("method", "body", "headers", "expected"),
        [
            ("POST", b"{}", {"Content-Type": JSON}, {422, 404}),
            ("POST", b"{", {"Content-Type": JSON}, {422, 404}),
            ("POST", b"{}", {"Content-Type": "text/html"}, {415, 404}),
            ("POST", b"x" * 300_000, {"Content-Type": JSON}, {413, 404}),
            ("POST", b"{}", {"Authorization": "Bearer x"}, {401, 404}),
            ("POST", b"{}", {"Authorization": ""}, {401, 404}),
            ("PUT", b"{}", {}, {405}),
            ("DELETE", b"", {}, {405}),
            ("OPTIONS", b"", {}, {405}),
        ],
    )
    async def test_each(
        self,
        client: Client,
        page: dict[str, str],
        path: str,
        method: str,
        body: bytes,
        headers: dict[str, str],
        expected: set[int],
    ) -> None:
        answer = await client.request(method, path, content=body, headers={**page, **headers})
        assert answer.status_code in expected, answer.text
        checked(answer)

    @pytest.mark.parametrize("path", ["/v1/submissions", VISITOR, "form"])
    @pytest.mark.parametrize(
        ("error", "status"), [(Unavailable("full"), 503), (ZeroDivisionError("boom"), 500)]
    )
    async def test_also_when_it_is_our_fault(
        self,
        client: Client,
        app: FastAPI,
        page: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
        path: str,
        error: Exception,
        status: int,
    ) -> None:
        if path == "form":
            path = f"/f/{(await make_form(client))['token']}"

        async def fails(_: Any) -> Any:
            raise error

        monkeypatch.setattr(app.state.runtime.reception, "accept", fails)
        body: dict[str, Any] = {"fields": {"full_name": "A", "name": "A", "email": "a@example.com"}}
        if path == VISITOR:
            body = {"touchpoints": [{"kind": "a"}]}
        elif path == "/v1/submissions":
            del body["fields"]["name"]
        answer = await client.post(path, json=body, headers=page)
        assert answer.status_code == status, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "boom" not in answer.text
        if status == 503:
            assert int(answer.headers["retry-after"]) > 0
            assert "Retry-After" in answer.headers["access-control-expose-headers"]

    @pytest.mark.parametrize(
        "path", ["/v1/submissions", VISITOR, "/f/" + "A" * 56, "/f/x/challenge"]
    )
    async def test_the_browser_may_ask_first(self, client: Client, path: str) -> None:
        headers = {
            "Origin": "https://www.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        }
        answer = await client.options(path, headers=headers)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert all(name in allowed for name in ("authorization", "content-type", "idempotency-key"))
