"""Forms over HTTP."""

from typing import Any

import pytest

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers
from tests.factories.forms import MULTIPART, multipart
from tests.factories.record import new_campaign

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

SITE = "https://www.example.com"
EMAIL = {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"}
PLAIN_FIELD: dict[str, Any] = {
    "type": "text",
    "required": False,
    "choices": [],
    "placeholder": None,
    "help": None,
    "default": None,
    "autocomplete": None,
    "max_length": None,
    "show_when": None,
    "progressive": False,
    "to": None,
}
FULL: dict[str, Any] = {
    "name": "Contact 🌱",
    "active": True,
    "touch_kind": "price_list_asked",
    "source": "fair",
    "default_country": "AT",
    "fields": [
        PLAIN_FIELD | EMAIL | {"autocomplete": "email", "placeholder": "you@example.com"},
        PLAIN_FIELD | {"name": "first", "label": "First name"},
        PLAIN_FIELD | {"name": "last", "label": "Last name", "max_length": 50},
        PLAIN_FIELD | {"name": "phone", "label": "Phone", "type": "tel", "to": "phone"},
        PLAIN_FIELD
        | {
            "name": "kind",
            "label": "You are",
            "type": "radio",
            "choices": [{"value": "p", "label": "Private"}, {"value": "c", "label": "Company"}],
        },
        PLAIN_FIELD
        | {
            "name": "company",
            "label": "Company",
            "to": "company",
            "required": True,
            "show_when": {"field": "kind", "equals": "c"},
        },
        PLAIN_FIELD | {"name": "size", "label": "Size", "progressive": True, "to": "custom.size"},
    ],
    "mapping": [
        {
            "to": "full_name",
            "from": ["$.first", "last"],
            "combine": " ",
            "split": None,
            "lookup": None,
            "unlisted": None,
            "default": None,
        },
        {
            "to": "industry",
            "from": "kind",
            "combine": None,
            "split": {"separator": None, "part": 0},
            "lookup": {"p": "private", "c": "other"},
            "unlisted": "keep",
            "default": "unknown",
        },
    ],
    "consents": [
        {"purpose": "newsletter", "version": "2026-01", "text": "Send me news.", "required": False}
    ],
    "success": {
        "message": "Thank you",
        "redirect_url": f"{SITE}/thanks",
        "redirect_hosts": ["thanks.example.org"],
    },
    "allowed_origins": [SITE],
    "double_opt_in": {
        "enabled": True,
        "lifetime_hours": 24,
        "subject": "Please confirm",
        "message": "One click.",
        "confirmed_url": f"{SITE}/confirmed",
    },
    "protection": {
        "honeypot": "website_2",
        "min_seconds": 3,
        "proof_of_work": True,
        "block_disposable": "hold",
    },
}


async def new_form(client: Client, **told: Any) -> dict[str, Any]:
    """A new form that asks for an e-mail address, unless told otherwise."""
    answer = await client.post("/v1/forms", json={"name": "Contact", "fields": [EMAIL]} | told)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def rehearsed(
    client: Client, form: dict[str, Any], body: Any, media: str = ""
) -> dict[str, Any]:
    """What a post to the form would become: text of a form, bytes of any type, or JSON."""
    url = f"/v1/forms/{form['id']}/test"
    media = media or "application/x-www-form-urlencoded"
    sent = (
        {"json": body}
        if isinstance(body, dict)
        else {"content": body, "headers": {"Content-Type": media}}
    )
    answer = await client.post(url, **sent)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_everything_told_is_read_again(client: Client) -> None:
    campaign = await new_campaign(client)
    told = FULL | {"campaign_id": campaign["id"]}
    answer = await client.post("/v1/forms", json=told)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in told} == told
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    [listed] = (await client.get("/v1/forms")).json()["data"]
    assert listed == made
    [event] = await events_of(client, "form.created")
    assert event["data"] == {"name": "Contact 🌱", "active": True, "touch_kind": "price_list_asked"}


async def test_a_name_and_a_question_are_enough(client: Client) -> None:
    made = await new_form(client)
    assert made["fields"] == [PLAIN_FIELD | EMAIL]
    assert (made["touch_kind"], made["source"], made["active"]) == (
        "form_submitted",
        "website",
        True,
    )
    assert made["mapping"] == made["consents"] == made["allowed_origins"] == []
    assert made["success"] == {"message": None, "redirect_url": None, "redirect_hosts": []}
    assert made["double_opt_in"]["enabled"] is False
    assert made["protection"] == {
        "honeypot": None,
        "min_seconds": 2,
        "proof_of_work": False,
        "block_disposable": "flag",
    }


async def test_a_form_has_a_token_of_its_own(client: Client) -> None:
    first, second = await new_form(client), await new_form(client)
    assert first["token"] != second["token"]
    assert len(first["token"]) == 56
    again = (await client.get(f"/v1/forms/{first['id']}")).json()
    assert again["token"] == first["token"]


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"fields": []}, ["/fields"]),
    ({"fields": [EMAIL, EMAIL]}, ["/fields/1/name", "/fields/1/to"]),
    ({"fields": [EMAIL | {"name": "tl_x"}]}, ["/fields/0/name"]),
    ({"fields": [EMAIL | {"to": "owner_id"}]}, ["/fields/0/to"]),
    ({"fields": [EMAIL | {"type": "file"}]}, ["/fields/0/type"]),
    ({"fields": [EMAIL | {"colour": "red"}]}, ["/fields/0/colour"]),
    ({"fields": [EMAIL | {"autocomplete": "<a>"}]}, ["/fields/0/autocomplete"]),
    ({"fields": [{"name": "a", "label": "A", "type": "select"}]}, ["/fields/0/choices"]),
    ({"fields": [EMAIL] * 101}, ["/fields"]),
    ({"mapping": [{"to": "company", "from": "nobody"}]}, ["/mapping/0/from"]),
    ({"mapping": [{"to": "status", "from": "email"}]}, ["/mapping/0/to"]),
    ({"mapping": [{"to": "company", "from": "$.."}]}, ["/mapping/0/from"]),
    ({"consents": [{"purpose": "A b", "version": "1", "text": "x"}]}, ["/consents/0/purpose"]),
    ({"success": {"redirect_url": "https://evil.example"}}, ["/success/redirect_url"]),
    ({"success": {"redirect_url": "javascript:alert(1)"}}, ["/success/redirect_url"]),
    ({"allowed_origins": ["example.com"]}, ["/allowed_origins/0"]),
    ({"double_opt_in": {"lifetime_hours": 0}}, ["/double_opt_in/lifetime_hours"]),
    ({"protection": {"honeypot": "email"}}, ["/protection/honeypot"]),
    ({"protection": {"min_seconds": -1}}, ["/protection/min_seconds"]),
    ({"protection": {"block_disposable": "drop"}}, ["/protection/block_disposable"]),
    ({"default_country": "XX"}, ["/default_country"]),
    ({"default_country": "de"}, ["/default_country"]),
    ({"campaign_id": str(new_id())}, ["/campaign_id"]),
    ({"touch_kind": "Form submitted"}, ["/touch_kind"]),
    ({"token": "x"}, ["/token"]),
]


@pytest.mark.parametrize(("fields", "found"), REFUSED)
async def test_a_bad_form_is_refused(
    client: Client, fields: dict[str, Any], found: list[str]
) -> None:
    plain = {"name": "Contact", "fields": [EMAIL]}
    answer = await client.post("/v1/forms", json=plain | fields)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    made = await new_form(client)
    patched = await client.patch(f"/v1/forms/{made['id']}", json=fields)
    assert (patched.status_code, pointers(patched.json())) == (422, found), patched.text
    assert (await client.get(f"/v1/forms/{made['id']}")).json() == made


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "Other"},
        {"touch_kind": "fair_visit"},
        {"source": None},
        {"default_country": None},
        {"fields": [PLAIN_FIELD | EMAIL], "mapping": []},
        {"mapping": []},
        {"consents": []},
        {"allowed_origins": [SITE, "https://shop.example.com"]},
    ],
)
async def test_every_member_can_be_patched(client: Client, sent: dict[str, Any]) -> None:
    made = await new_form(client, **FULL)
    url = f"/v1/forms/{made['id']}"
    answer = await client.patch(url, json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert {**changed, "updated_at": 0} == {**made, **sent, "updated_at": 0, "version": 2}
    [event] = await events_of(client, "form.updated")
    assert event["data"]["changes"].keys() == sent.keys()
    stale = await client.patch(url, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ("success", {"redirect_url": None}),
        ("success", {"message": None, "redirect_hosts": []}),
        ("double_opt_in", {"enabled": False}),
        ("double_opt_in", {"subject": None, "lifetime_hours": 1}),
        ("protection", {"honeypot": None}),
        ("protection", {"min_seconds": 0, "block_disposable": "off"}),
    ],
)
async def test_of_an_object_only_what_is_sent_changes(
    client: Client, part: str, sent: dict[str, Any]
) -> None:
    made = await new_form(client, **FULL)
    answer = await client.patch(f"/v1/forms/{made['id']}", json={part: sent})
    assert answer.status_code == 200, answer.text
    assert answer.json()[part] == made[part] | sent


async def test_a_patch_that_says_nothing_new_changes_nothing(client: Client) -> None:
    made = await new_form(client, **FULL)
    same = {name: made[name] for name in FULL}
    answer = await client.patch(f"/v1/forms/{made['id']}", json=same)
    assert answer.json() == made


async def test_other_words_need_another_version(client: Client) -> None:
    made = await new_form(client, consents=FULL["consents"])
    url = f"/v1/forms/{made['id']}"
    reworded = FULL["consents"][0] | {"text": "Send me everything."}
    refused = await client.patch(url, json={"consents": [reworded]})
    assert (refused.status_code, pointers(refused.json())) == (422, ["/consents/0/version"])
    answer = await client.patch(url, json={"consents": [reworded | {"version": "2026-02"}]})
    assert answer.status_code == 200, answer.text


async def test_an_archived_form_stays(client: Client) -> None:
    made = await new_form(client)
    url = f"/v1/forms/{made['id']}"
    assert (await client.delete(url, headers={"If-Match": '"7"'})).status_code == 412
    assert (await client.delete(url)).status_code == 204
    archived = (await client.get(url)).json()
    assert (archived["active"], archived["version"]) == (False, 2)
    assert archived["archived_at"] is not None
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).json() == archived
    assert len(await events_of(client, "form.archived")) == 1
    told = await rehearsed(client, made, "email=ada%40example.com")
    assert (told["outcome"], told["holds"][0]["code"]) == ("held", "form_closed")
    opened = (await client.patch(url, json={"active": True})).json()
    assert (opened["active"], opened["archived_at"]) == (True, None)
    told = await rehearsed(client, made, "email=ada%40example.com")
    assert told["outcome"] == "captured"


async def test_the_list_is_filtered_and_paged(client: Client) -> None:
    a, b = await new_form(client), await new_form(client)
    c = await new_form(client, active=False)

    async def ids(**params: Any) -> list[str]:
        answer = await client.get("/v1/forms", params=params)
        assert answer.status_code == 200, answer.text
        return [form["id"] for form in answer.json()["data"]]

    assert await ids() == [c["id"], b["id"], a["id"]]
    assert await ids(active="true") == [b["id"], a["id"]]
    assert await ids(active="false") == [c["id"]]
    first = (await client.get("/v1/forms", params={"limit": 2})).json()
    assert await ids(limit=2, cursor=first["next_cursor"]) == [a["id"]]


async def test_a_list_takes_one_statement(client: Client, statements: list[str]) -> None:
    for _ in range(3):
        await new_form(client)
    statements.clear()
    await client.get("/v1/forms")
    assert len([sql for sql in statements if not sql.startswith("BEGIN")]) == 1


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    made = await new_form(client)
    url = f"/v1/forms/{made['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"name": "Mine"})).status_code == 404
    assert (await stranger.delete(url)).status_code == 404
    assert (await stranger.post(f"{url}/test", content=b"email=x")).status_code == 404
    assert (await stranger.get("/v1/forms")).json()["data"] == []


async def test_reading_and_administering_need_their_scopes(client: Client) -> None:
    made = await new_form(client)
    reader = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
    url = f"/v1/forms/{made['id']}"
    assert (await client.get(url, headers=reader)).status_code == 200
    assert (await client.post(f"{url}/test", headers=reader)).status_code == 200
    for method in ("PATCH", "DELETE"):
        answer = await client.request(method, url, json={"name": "x"}, headers=reader)
        assert (answer.status_code, answer.json()["scope"]) == (403, "admin")


class TestTryingOut:
    async def test_the_lead_it_would_make_is_shown(self, client: Client) -> None:
        await client.post(
            "/v1/custom-fields", json={"key": "size", "label": "Size", "type": "number"}
        )
        form = await new_form(client, **FULL)
        told = await rehearsed(
            client,
            form,
            "email=Ada%40Example.com&first=Ada&last=Lovelace&phone=01+5880158&kind=c&company=Acme"
            "&size=12&tl_consent_newsletter=1&tl_visitor=abcd1234&tl_utm_source=google"
            "&tl_utm_medium=cpc&tl_page=https://www.example.com/p&more=x",
        )
        assert told["outcome"] == "captured", told
        assert told["fields"] == {
            "email": "Ada@Example.com",
            "full_name": "Ada Lovelace",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "phone": "01 5880158",
            "company": "Acme",
            "industry": "other",
            "source": "fair",
        }
        assert told["normalised"] == {
            "email_norm": "ada@example.com",
            "phone_norm": "+4315880158",
        }
        assert told["custom"] == {"size": 12}
        assert told["consents"] == [
            {
                "purpose": "newsletter",
                "version": "2026-01",
                "text": "Send me news.",
                "granted": True,
            }
        ]
        touch = told["touchpoint"]
        assert (touch["kind"], touch["channel"]) == ("price_list_asked", "paid_search")
        assert touch["payload"]["other"] == {"more": "x"}
        assert (told["visitor_id"], told["asks_to_confirm"]) == ("abcd1234", True)
        assert told["holds"] == told["notes"] == told["errors"] == []

    async def test_json_and_parts_are_read_as_well(self, client: Client) -> None:
        form = await new_form(client)
        expected = {"email": "ada@example.com", "source": "website"}
        by_script = await rehearsed(client, form, {"fields": {"email": "ada@example.com"}})
        assert by_script["fields"] == expected
        parts = multipart(('name="email"', b"ada@example.com"))
        assert (await rehearsed(client, form, parts, MULTIPART))["fields"] == expected

    async def test_what_would_hold_it_up_is_told(self, client: Client) -> None:
        form = await new_form(
            client,
            fields=[EMAIL, {"name": "n", "label": "N", "to": "custom.none"}],
            consents=[FULL["consents"][0] | {"required": True}],
            protection={"honeypot": "trap"},
        )
        told = await rehearsed(client, form, "n=1&trap=x")
        assert told["outcome"] == "held"
        found = [(hold["code"], hold["field"]) for hold in told["holds"]]
        assert found == [
            ("incomplete", "email"),
            ("consent_missing", "tl_consent_newsletter"),
            ("honeypot_filled", "trap"),
        ]
        assert pointers(told) == ["/fields/email", "/consents/newsletter"]
        assert [(n["code"], n["field"]) for n in told["notes"]] == [("does_not_fit", "custom.none")]

    @pytest.mark.parametrize(
        ("body", "media", "code"),
        [
            (b"", "", "empty_body"),
            (b"{", "application/json", "unreadable_body"),
            (b"\xff\x00", "application/octet-stream", "unreadable_body"),
            (b"x", "multipart/form-data", "unreadable_body"),
            (b"[" * 100_000, "application/json", "unreadable_body"),
            (b"&".join([b"a=b"] * 100_000), "", "too_many_answers"),
        ],
    )
    async def test_what_cannot_be_read_is_told(
        self, client: Client, body: bytes, media: str, code: str
    ) -> None:
        form = await new_form(client)
        told = await rehearsed(client, form, body, media)
        assert (told["outcome"], told["holds"][0]["code"]) == ("held", code)

    async def test_nobody_at_all_makes_no_lead(self, client: Client) -> None:
        form = await new_form(client, fields=[EMAIL | {"required": False}])
        told = await rehearsed(client, form, "email=")
        assert (told["outcome"], told["holds"][0]["code"]) == ("held", "empty")

    async def test_nothing_is_stored(self, client: Client) -> None:
        form = await new_form(client)
        await rehearsed(client, form, "email=ada%40example.com")
        assert (await client.get("/v1/leads")).json()["data"] == []
        assert (await client.get("/v1/submissions")).json()["data"] == []
        assert {e["type"] for e in await events_of(client, "lead.created")} == set()
