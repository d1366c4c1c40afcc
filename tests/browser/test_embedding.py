"""The script on pages of another origin: what it shows, what it sends, what it keeps."""

import json
from typing import Any

import pytest

from tests.browser.devtools import Device, Page
from tests.browser.service import Service, Site, Workspace

EMAIL = {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"}
NAME = {"name": "name", "label": "Your name", "to": "full_name"}
KEPT = """(async () => ({
  local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookie: document.cookie,
  databases: (await indexedDB.databases()).map((one) => one.name),
}))()"""
NOTHING: dict[str, Any] = {"local": [], "session": [], "cookie": "", "databases": []}


def tag(service: Service, form: dict[str, Any], attributes: str = "") -> str:
    return f'<script src="{service.base_url}/f/{form["token"]}.js" async {attributes}></script>'


def ready(page: Page) -> None:
    page.wait_for("document.querySelector('form[data-touchline=ready]')")


def sent(page: Page, text: str = "Thank you") -> None:
    page.wait_for(f"document.querySelector('[role=status]')?.innerText.includes('{text}')")
    assert page.complaints() == []


@pytest.mark.parametrize("place", ["here", "target", "head"])
def test_the_form_stands_where_the_script_says(
    device: Device, service: Service, workspace: Workspace, site: Site, place: str
) -> None:
    form = workspace.form(fields=[NAME, EMAIL])
    script = tag(service, form, 'data-target="#there"' if place == "target" else "")
    body = f"<p id=a>Before</p>{script}<p id=b>After</p><div id=there></div>"
    if place == "head":
        body = f"</body><head>{script}</head><body><p id=a>Before</p>"
    page = device.page(site.page(body))
    ready(page)
    where = {
        "here": "document.querySelector('#a ~ div form').closest('div')"
        ".nextElementSibling.id === 'b'",
        "target": "document.querySelector('#there form')",
        "head": "document.querySelector('body form')",
    }
    assert page.evaluate(f"!!({where[place]})")
    page.fill("[name=name]", "Ada Lovelace")
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    sent(page)
    [found] = workspace.submissions()
    assert found["status"] == "captured"
    assert page.evaluate("document.activeElement.getAttribute('role')") == "status"


def test_a_form_of_the_page_keeps_its_markup_and_is_sent_by_the_script(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    form = workspace.form(
        fields=[NAME, EMAIL, {"name": "topics", "label": "Topics", "to": "custom.topics"}],
        consents=[{"purpose": "newsletter", "version": "1", "text": "News?"}],
        protection={"min_seconds": 0, "honeypot": "website_2"},
    )
    action = f"{service.base_url}/f/{form['token']}"
    page = device.page(
        site.page(
            f"""<form data-touchline method=post action="{action}" class=mine>
            <input name=name><input name=email type=email>
            <input type=checkbox name=topics value=a checked>
            <input type=checkbox name=topics value=b checked>
            <label><input type=checkbox name=tl_consent_newsletter value=1> News</label>
            <button>Go</button></form>{tag(service, form)}"""
        )
    )
    ready(page)
    assert page.evaluate("document.querySelectorAll('form').length") == 1
    assert page.evaluate("document.querySelector('form').className") == "mine"
    assert page.evaluate("document.querySelector('[name=website_2]').checkVisibility()") is False
    heard = (
        "document.addEventListener('touchline:sent', (e) => (window.heard = e.detail.receipt_id))"
    )
    page.evaluate(heard)
    page.fill("[name=name]", "Ada Lovelace")
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    sent(page)
    [found] = workspace.submissions()
    assert found["receipt_id"] == page.evaluate("window.heard")
    [touch] = workspace.touches(found["lead_id"])
    assert touch["payload"]["answers"]["topics"] == ["a", "b"]


def test_without_consent_nothing_is_kept_and_nobody_is_told_apart(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    form = workspace.form(fields=[EMAIL])
    script = tag(service, form, f'data-key="{workspace.public_key}" data-track="pageviews"')
    page = device.page(site.page(script) + "?utm_source=ad&gclid=G1")
    ready(page)
    assert page.evaluate("touchline.track('page_view')") is False
    assert page.evaluate(KEPT) == NOTHING
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    sent(page)
    kept = page.evaluate(KEPT)
    # What waits to be sent needs a place; it is empty again.
    assert kept == {**NOTHING, "databases": ["touchline"]}
    assert waiting(page) == []
    [found] = workspace.submissions()
    [touch] = workspace.touches(found["lead_id"])
    assert touch["utm"] == {"source": "ad"}
    assert touch["click_ids"] == {"gclid": "G1"}
    assert "tl_visitor" not in str(touch["payload"])


def test_consent_keeps_the_first_and_the_last_touch_and_may_be_taken_back(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    form = workspace.form(fields=[EMAIL])
    url = site.page(tag(service, form))
    page = device.page(url + "?utm_source=first&fbclid=F1")
    ready(page)
    page.evaluate("touchline.consent(true)")
    visitor = json.loads(page.evaluate("localStorage.touchline"))["visitor"]
    assert f"tl_visitor={visitor}" in page.evaluate("document.cookie")
    [cookie] = device.cookies()
    assert (cookie["name"], cookie["sameSite"], cookie["session"]) == ("tl_visitor", "Lax", False)

    page.goto(url + "?utm_source=last")
    ready(page)
    page.evaluate("touchline.consent(true)")
    page.goto(url)
    ready(page)
    page.evaluate("touchline.consent(true)")
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    sent(page)
    [found] = workspace.submissions()
    [touch] = workspace.touches(found["lead_id"])
    assert touch["utm"] == {"source": "last"}
    first = touch["payload"]["other"]["tl_first_touch"]
    assert (first["utm"], first["click_ids"]) == ({"source": "first"}, {"fbclid": "F1"})
    assert workspace.get(f"/v1/visitors/{visitor}")["lead_id"] == found["lead_id"]

    page.evaluate("touchline.consent(false)")
    assert page.evaluate(KEPT) == {**NOTHING, "databases": ["touchline"]}


def test_what_a_visitor_did_before_is_on_the_leads_timeline(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    form = workspace.form(fields=[EMAIL])
    attributes = f'data-key="{workspace.public_key}" data-track="pageviews" data-consent="granted"'
    page = device.page(site.page(tag(service, form, attributes)) + "?utm_medium=cpc")
    ready(page)
    page.evaluate("touchline.track('video_watched', { seconds: 42 })")
    page.until(lambda: len(visits(service)) >= 2, "both touches are sent")
    page.until(lambda: waiting(page) == [], "nothing waits")
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    sent(page)
    assert len(visits(service)) == 2
    form_post = workspace.submissions()[-1]
    touches = workspace.touches(form_post["lead_id"])
    kinds = {touch["kind"]: touch for touch in touches}
    assert set(kinds) == {"page_view", "video_watched", "form_submitted"}
    assert kinds["video_watched"]["payload"] == {"seconds": 42}
    assert kinds["page_view"]["utm"] == {"medium": "cpc"}


def visits(service: Service) -> list[str]:
    return [path for path, _ in service.gate.posts if "/touchpoints" in path]


def waiting(page: Page) -> list[Any]:
    """What the device still has to send."""
    found: list[Any] = page.evaluate(
        """new Promise((done) => {
          const request = indexedDB.open("touchline");
          request.onupgradeneeded = () => request.transaction.abort();
          request.onerror = (event) => done([], event.preventDefault());
          request.onsuccess = () => {
            const all = request.result.transaction("unsent").objectStore("unsent").getAll();
            const told = () => JSON.parse(JSON.stringify(all.result));
            all.onsuccess = () => done(told(), request.result.close());
          };
        })"""
    )
    return found


def test_questions_depend_on_answers(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    choices = [{"value": v, "label": v.title()} for v in ("private", "company")]
    form = workspace.form(
        fields=[
            EMAIL,
            {"name": "kind", "label": "You are", "type": "radio", "choices": choices},
            {
                "name": "company",
                "label": "Company",
                "required": True,
                "to": "company",
                "show_when": {"field": "kind", "equals": "company"},
            },
            {"name": "call", "label": "Call me", "type": "checkbox"},
            {
                "name": "phone",
                "label": "Phone",
                "type": "tel",
                "to": "phone",
                "show_when": {"field": "call", "equals": "true"},
            },
        ]
    )
    page = device.page(site.page(tag(service, form)))
    ready(page)

    def visible(name: str) -> Any:
        return page.evaluate(f"document.querySelector('[name={name}]').checkVisibility()")

    assert (visible("company"), visible("phone")) == (False, False)
    page.click("[name=kind][value=company]")
    page.click("[name=call]")
    assert (visible("company"), visible("phone")) == (True, True)
    page.click("[name=kind][value=private]")
    assert (visible("company"), visible("phone")) == (False, True)
    page.fill("[name=email]", "ada@example.com")
    page.fill("[name=phone]", "+49 30 901820")
    # A hidden question that must be answered does not stand in the way.
    page.click("button")
    sent(page)
    [found] = workspace.submissions()
    assert found["status"] == "captured"
    lead = workspace.get(f"/v1/leads/{found['lead_id']}")
    assert (lead["company"], lead["phone"]) == (None, "+49 30 901820")


def test_what_was_answered_on_this_device_is_not_asked_again(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    size = {"name": "size", "label": "Size", "required": True, "progressive": True}
    form = workspace.form(fields=[EMAIL, size])
    url = site.page(tag(service, form, 'data-consent="granted"'))
    page = device.page(url)
    ready(page)
    page.fill("[name=email]", "ada@example.com")
    page.fill("[name=size]", "large")
    page.click("button")
    sent(page)
    assert "large" not in page.evaluate("localStorage.touchline")
    page.goto(url)
    ready(page)
    assert page.evaluate("document.querySelector('[name=size]').checkVisibility()") is False
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    sent(page)
    assert [one["status"] for one in workspace.submissions()] == ["captured", "captured"]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_proof_of_work_is_done_while_the_page_breathes(
    device: Device, service: Service, workspace: Workspace, site: Site, wanted: bool
) -> None:
    protection = {"min_seconds": 0, "proof_of_work": wanted}
    form = workspace.form(fields=[EMAIL], protection=protection)
    page = device.page(site.page(tag(service, form)))
    ready(page)
    page.fill("[name=email]", "ada@example.com")
    page.evaluate(
        """(() => {
          window.longest = 0;
          let last = performance.now();
          const tick = () => {
            const now = performance.now();
            longest = Math.max(longest, now - last);
            last = now;
            setTimeout(tick);
          };
          tick();
        })()"""
    )
    page.click("button")
    sent(page)
    # Half a second of work; no piece of it may be felt.
    assert page.evaluate("window.longest") < 250
    [found] = workspace.submissions()
    assert (found["status"], found["findings"]) == ("captured", [])
    asked = [e for e in page.events("Network.requestWillBeSent") if "/challenge" in str(e)]
    assert bool(asked) is wanted


def test_what_the_server_finds_wrong_is_told_at_the_field(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    form = workspace.form(
        fields=[EMAIL, {**NAME, "required": True, "help": "As on your passport"}],
        consents=[{"purpose": "terms", "version": "1", "text": "I agree.", "required": True}],
    )
    page = device.page(site.page(tag(service, form)))
    ready(page)
    page.evaluate("document.querySelector('form').noValidate = true")
    page.fill("[name=email]", "nonsense")
    page.click("button")
    page.wait_for("document.querySelectorAll('[aria-invalid=true]').length === 3")
    assert page.evaluate("document.activeElement.name") == "email"
    told = """(name) => {
      const input = document.querySelector(`[name=${name}]`);
      const ids = input.getAttribute("aria-describedby").trim().split(" ");
      return ids.map((id) => document.getElementById(id).innerText).join(" | ");
    }"""
    assert "is no e-mail address" in page.evaluate(f"({told})('email')")
    assert page.evaluate(f"({told})('name')") == "“Your name” is needed | As on your passport"
    assert "consent" in page.evaluate(f"({told})('tl_consent_terms')")
    page.evaluate("document.querySelector('[name=email]').value = ''")
    page.fill("[name=email]", "ada@example.com")
    page.fill("[name=name]", "Ada Lovelace")
    page.click("[name=tl_consent_terms]")
    page.click("button")
    sent(page)
    assert workspace.submissions()[-1]["status"] == "captured"


def test_the_visitor_is_sent_on(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    site.page("<h1>Thanks</h1>", "/thanks")
    form = workspace.form(
        fields=[EMAIL],
        allowed_origins=[site.base_url],
        success={"redirect_url": f"{site.base_url}/thanks"},
    )
    page = device.page(site.page(tag(service, form)))
    ready(page)
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    page.wait_for("location.pathname === '/thanks'")
    assert [one["status"] for one in workspace.submissions()] == ["captured"]
