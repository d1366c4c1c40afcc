"""The page and the script of a form: what visitors and their screen readers are told."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.api.pages.rendering import form_page
from app.api.pages.script import script_of
from app.domain.errors import FieldError, Unavailable
from tests.conftest import Client
from tests.factories.forms import CONSENTS, FULL, choices, field, form_of

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).parents[3] / "app/api/pages/form.js"
HOSTILE = "</textarea></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
# Tag, attributes, and all the text inside.
Element = tuple[str, dict[str, str], list[str]]
VOID = frozenset({"input", "meta", "img", "br"})


class Page(HTMLParser):
    """The elements of a page in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self._around: dict[int, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element: Element = (tag, {name: value or "" for name, value in attrs}, [])
        self.elements.append(element)
        for around in self._open:
            if around[0] == "label":
                self._around[id(element[1])] = around[2]
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, _, text in self._open:
            text.append(data)

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes, _ in self.elements if tag in tags]

    def controls(self) -> list[dict[str, str]]:
        found = self.all("input", "select", "textarea")
        return [one for one in found if one.get("type") != "hidden"]

    def text_of(self, identity: str) -> str:
        [text] = [t for _, attributes, t in self.elements if attributes.get("id") == identity]
        return " ".join("".join(text).split())

    def labels_of(self, control: dict[str, str]) -> str:
        """The text of the label that names the control, or that it is in."""
        return " ".join(
            "".join(text).strip()
            for tag, attributes, text in self.elements
            if tag == "label" and attributes.get("for", "?") == control.get("id")
        ) + "".join(self._around.get(id(control), []))


def shown(html: bytes) -> Page:
    return Page(html.decode())


async def made(client: Client, **more: Any) -> dict[str, Any]:
    fields = [
        {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"}
    ]
    answer = await client.post("/v1/forms", json={"name": "Contact", "fields": fields, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


EVERY_KIND = form_of(*FULL.fields, consents=CONSENTS, protection={"honeypot": "website_2"})


def test_every_control_has_a_name_for_people_and_every_reference_a_target() -> None:
    errors = [FieldError(pointer="/fields/email", detail="E-mail is needed")]
    page = shown(bytes(form_page(EVERY_KIND, "TOKEN", {}, errors).body))
    ids = [a["id"] for _, a, _ in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert len(page.controls()) > 15
    for control in page.controls():
        assert page.labels_of(control), control
    for _, attributes, _ in page.elements:
        for reference in attributes.get("aria-describedby", "").split():
            assert page.text_of(reference)
        assert attributes.get("href", "#")[1:] in ["", *ids]
    groups = page.all("fieldset")
    assert [group["data-field"] for group in groups] == ["kind", "topics"]
    assert len(page.all("legend")) == len(groups)
    assert page.all("html") == [{"lang": "en"}]


def test_what_was_typed_stays_and_errors_are_told_where_they_are() -> None:
    values: dict[str, list[Any]] = {
        "email": ["nonsense"],
        "first": ["Ada"],
        "kind": ["company"],
        "topics": ["a", "c"],
        "agree": ["on"],
        "note": ["\nfirst line\nsecond line"],
        "tl_consent_newsletter": ["1"],
        "tl_rendered_at": [1767000000000],
        "tl_referrer": ["https://www.example.com/"],
        "tl_key": ["k"],
        "tl_pow": ["p"],
    }
    errors = [
        FieldError(pointer="/fields/email", detail="E-mail is no e-mail address"),
        FieldError(pointer="/consents/terms", detail="this consent is needed"),
        FieldError(detail="something else"),
    ]
    answer = form_page(EVERY_KIND, "TOKEN", values, errors, query="utm_source=x", status=422)
    assert answer.status_code == 422
    page = shown(bytes(answer.body))
    by_name = {control["name"]: control for control in page.controls()}
    email, terms = by_name["email"], by_name["tl_consent_terms"]
    assert email["value"] == "nonsense"
    assert email["aria-invalid"] == "true"
    assert page.text_of(email["aria-describedby"]) == "E-mail is no e-mail address"
    assert terms["aria-invalid"] == "true"
    assert "checked" not in terms
    assert "checked" in by_name["tl_consent_newsletter"]
    checked = [(c["name"], c["value"]) for c in page.controls() if "checked" in c]
    assert checked[:4] == [
        ("kind", "company"),
        ("topics", "a"),
        ("topics", "c"),
        ("agree", "true"),
    ]
    [note] = [t for tag, a, t in page.elements if tag == "textarea" and a["name"] == "note"]
    # HTML drops the first line break of the two.
    assert "".join(note) == "\n\nfirst line\nsecond line"
    links = [a["href"] for a in page.all("a")]
    assert links == [f"#{email['id']}", f"#{terms['id']}"]
    hidden = {a["name"]: a["value"] for a in page.all("input") if a.get("type") == "hidden"}
    assert hidden == {
        "tl_rendered_at": "1767000000000",
        "tl_referrer": "https://www.example.com/",
        "lang": "de",
    }
    assert page.all("form")[0]["action"] == "TOKEN?utm_source=x"
    assert "<title>Error: Contact</title>" in answer.body.decode()  # type: ignore[union-attr]


def test_without_a_script_a_dependent_question_says_when_it_is_asked() -> None:
    page = shown(bytes(form_page(EVERY_KIND, "TOKEN", {}).body))
    [company] = [c for c in page.controls() if c["name"] == "company"]
    assert page.text_of(company["aria-describedby"]) == "Only if “Kind” is “COMPANY”."
    # Nobody may be forced to answer what is not asked of them.
    assert "required" not in company
    script = script_of(EVERY_KIND, "TOKEN").body.decode()
    assert "Only if" not in script


def test_hostile_texts_stay_texts() -> None:
    form = form_of(
        field("email", label=HOSTILE, help=HOSTILE, placeholder=HOSTILE, default=HOSTILE),
        field("kind", type="radio", choices=choices(HOSTILE)),
        field("size", type="select", choices=choices(HOSTILE)),
        field("note", type="textarea", default=HOSTILE),
        field("more", show_when={"field": "kind", "equals": HOSTILE}),
        name=HOSTILE,
        consents=[{"purpose": "news", "version": "1", "text": HOSTILE}],
        success={"message": HOSTILE},
    )
    values: dict[str, list[Any]] = {"email": [HOSTILE], "tl_x": [HOSTILE], "note": [HOSTILE]}
    errors = [FieldError(pointer="/fields/email", detail=HOSTILE), FieldError(detail=HOSTILE)]
    answer = form_page(form, "TOKEN", values, errors, query="a=%22%3E<x>")
    page = shown(bytes(answer.body))
    assert page.all("script") == [{"src": "TOKEN.js", "async": ""}]
    assert page.all("img", "x") == []
    script = script_of(form, "TOKEN").body.decode()
    assert "<script" not in script
    assert "</" not in script.rpartition(")({")[2]
    told = json.loads(script.rpartition(")({")[2].join(["{", ""]).rpartition(");")[0])
    assert Page(told["html"]).all("script", "img") == []


async def test_the_page_may_do_nothing_but_post(client: Client) -> None:
    form = await made(
        client,
        allowed_origins=["https://www.example.com"],
        success={"redirect_url": "https://www.example.com/thanks"},
    )
    answer = await client.get(f"/f/{form['token']}", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self' https://www.example.com",
        "frame-ancestors": "'self' https://www.example.com",
        "base-uri": "'none'",
    }
    assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", answer.text)
    assert "style=" not in answer.text


async def test_answers_in_the_address_are_filled_in_beforehand(client: Client) -> None:
    form = await made(client)
    answer = await client.get(
        f"/f/{form['token']}",
        params={"email": "ada@example.com", "utm_source": "mail", "tl_rendered_at": "1"},
        headers={"Referer": "https://www.example.com/page"},
    )
    page = shown(answer.content)
    assert page.controls()[0]["value"] == "ada@example.com"
    hidden = {a["name"]: a["value"] for a in page.all("input") if a.get("type") == "hidden"}
    assert hidden["tl_referrer"] == "https://www.example.com/page"
    assert int(hidden["tl_rendered_at"]) > 1_700_000_000_000
    assert "utm_source=mail" in page.all("form")[0]["action"]


async def test_a_form_that_is_closed_says_so_everywhere(client: Client) -> None:
    form = await made(client)
    archived = await client.patch(f"/v1/forms/{form['id']}", json={"active": False})
    assert archived.status_code == 200
    for path in (form["token"], f"{form['token']}/sent"):
        answer = await client.get(f"/f/{path}")
        assert answer.status_code == 410
        assert "This form is closed." in answer.text
        assert "<form" not in answer.text
    script = await client.get(f"/f/{form['token']}.js")
    assert script.status_code == 200
    assert "This form is closed." in script.text
    assert "\\u003cform" not in script.text


async def test_an_address_that_leads_nowhere_is_told_to_a_person(client: Client) -> None:
    for path in ("x", "A" * 56, f"{'A' * 56}/sent"):
        answer = await client.get(f"/f/{path}")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "There is no form here" in answer.text
    script = await client.get(f"/f/{'A' * 56}.js")
    assert script.status_code == 404


async def test_while_the_database_is_silent_known_forms_are_shown_and_others_asked_for_later(
    client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, unknown = await made(client), await made(client)
    assert (await client.get(f"/f/{known['token']}")).status_code == 200

    async def silent(*_: Any) -> Any:
        raise Unavailable("no answer")

    monkeypatch.setattr(app.state.runtime.forms, "_read", silent)
    for path in (known["token"], f"{known['token']}.js"):
        assert (await client.get(f"/f/{path}")).status_code == 200
    answer = await client.get(f"/f/{unknown['token']}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Not available just now" in answer.text
    assert (await client.get(f"/f/{unknown['token']}.js")).status_code == 503


async def test_the_script_is_cached_and_asked_for_again_by_its_tag(
    client: Client, app: FastAPI
) -> None:
    form = await made(client)
    answer = await client.get(f"/f/{form['token']}.js", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "stale-if-error" in answer.headers["Cache-Control"]
    again = await client.get(
        f"/f/{form['token']}.js", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    fields = [{"name": "phone", "label": "Phone", "type": "tel", "to": "phone"}]
    changed = await client.patch(f"/v1/forms/{form['id']}", json={"fields": fields})
    assert changed.status_code == 200
    # It is remembered for seconds.
    app.state.runtime.forms.forget(UUID(form["id"]))
    newer = await client.get(
        f"/f/{form['token']}.js", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert newer.status_code == 200
    assert "phone" in newer.text


def test_the_script_is_small_and_tells_nothing_but_the_form() -> None:
    assert len(SCRIPT.read_bytes()) < 10_000
    form = form_of(
        field("email", to="email"),
        mapping=[{"to": "full_name", "from": "$.email"}],
        protection={"honeypot": "website_2", "min_seconds": 7},
        double_opt_in={"enabled": True, "subject": "Secret subject"},
        source="secret source",
    )
    body = script_of(form, "TOKEN").body.decode()
    served = len(body.encode()) - len(body.rpartition(")({")[2].encode())
    assert served < 10_000
    for secret in (str(form.workspace_id), "mapping", "Secret subject", "secret source"):
        assert secret not in body
