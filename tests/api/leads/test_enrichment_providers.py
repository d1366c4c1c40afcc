"""Providers of enrichment: told as data, their secrets shown to nobody."""

import json
from typing import Any

import pytest

from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers
from tests.factories.enrichment import MAPPING, new_provider

pytestmark = pytest.mark.anyio

URL = "/v1/enrichment-providers"
SECRET = "s3cret-of-the-register"
WITH_SECRET: dict[str, Any] = {"headers": {"Authorization": "Bearer {secret}"}, "secret": SECRET}


async def test_a_provider_is_created_read_changed_and_archived(client: Client) -> None:
    made = await new_provider(client, policies={"industry": "refresh"})
    assert (made["active"], made["on_create"], made["policy"]) == (True, False, "fill")
    one = f"{URL}/{made['id']}"
    answer = await client.get(one)
    assert answer.json() == made
    assert answer.headers["etag"] == '"1"'
    stale = await client.patch(one, json={"name": "x"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    changed = await client.patch(one, json={"name": "Register", "monthly_budget": None})
    assert (changed.json()["name"], changed.json()["version"]) == ("Register", 2)
    assert (await client.delete(one)).status_code == 204
    archived = (await client.get(one)).json()
    assert (archived["active"], archived["archived_at"] is not None) == (False, True)
    for active, count in (("true", 0), ("false", 1)):
        page = (await client.get(URL, params={"active": active})).json()
        assert len(page["data"]) == count
    back = await client.patch(one, json={"active": True})
    assert back.json()["archived_at"] is None


async def test_the_secret_is_shown_to_nobody(client: Client, owner_database: Database) -> None:
    made = await new_provider(client, **WITH_SECRET)
    assert made["secret_set"]
    one = f"{URL}/{made['id']}"
    again = await client.patch(one, json={"secret": f"{SECRET}-2"})
    taken = await client.patch(one, json={"secret": None, "headers": {}})
    assert (again.json()["secret_set"], taken.json()["secret_set"]) == (True, False)
    rows = await owner_database.fetch(
        "SELECT to_jsonb(p) AS row FROM enrichment_providers p WHERE workspace_id = $1",
        client.workspace_id,
    )
    told = json.dumps(await events_of(client, "enrichment.updated"))
    for text in (again.text, taken.text, told, str([row["row"] for row in rows])):
        assert SECRET not in text
    assert '"replaced": ["secret"]' in told


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"url": "https://x.example.com/"}, "/url"),
        ({"url": "https://{domain}/"}, "/url"),
        ({"url": "https://{domain}.example.com/{domain}"}, "/url"),
        ({"url": "ftp://x.example.com/{domain}"}, "/url"),
        ({"lookup_by": "phone"}, "/url"),
        ({"body": {"q": "{domain}"}}, "/body"),
        ({"headers": {"X-Key": "{secret}"}}, "/secret"),
        ({"secret": SECRET}, "/secret"),
        ({"headers": {"X-Key": "a\r\nHost: b"}}, "/headers/X-Key"),
        ({"mapping": [{"to": "email", "from": "$.a"}]}, "/mapping"),
        ({"mapping": [{"to": "source", "from": "$.a"}]}, "/mapping"),
        ({"mapping": [{"to": "owner_id", "from": "$.a"}]}, "/mapping/0/to"),
        ({"mapping": [{"to": "city", "from": "$.a["}]}, "/mapping/0/from"),
        ({"mapping": []}, "/mapping"),
        ({"policies": {"company": "fill"}}, "/policies/company"),
        ({"policies": {"city": "always"}}, "/policies/city"),
        ({"timeout_seconds": 0}, "/timeout_seconds"),
        ({"monthly_budget": -1}, "/monthly_budget"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    client: Client, told: dict[str, Any], where: str
) -> None:
    body = {
        "name": "Register",
        "lookup_by": "domain",
        "url": "https://x.example.com/{domain}",
        "mapping": MAPPING,
    }
    answer = await client.post(URL, json=body | told)
    assert answer.status_code == 422, answer.text
    assert where in pointers(answer.json())


async def test_a_change_must_leave_it_whole(client: Client) -> None:
    made = await new_provider(client)
    answer = await client.patch(f"{URL}/{made['id']}", json={"lookup_by": "email"})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/url"])


async def test_a_post_takes_the_key_in_its_body(client: Client) -> None:
    body = {"filter": [{"domain": "{domain}"}]}
    made = await new_provider(client, "https://x.example.com/find", method="POST", body=body)
    assert made["body"] == body


async def test_only_administrators_see_providers(client: Client, stranger: Client) -> None:
    made = await new_provider(client)
    key = await new_key(client, "leads:read", "leads:write")
    for answer in (
        await client.get(URL, headers=bearer(key["key"])),
        await client.post(URL, json={}, headers=bearer(key["key"])),
    ):
        assert answer.status_code == 403
    assert (await stranger.get(f"{URL}/{made['id']}")).status_code == 404
    assert (await client.get(f"{URL}/{new_id()}")).status_code == 404
