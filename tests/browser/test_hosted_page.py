"""A form on its own page, with and without JavaScript."""

import pytest

from tests.browser.devtools import Device
from tests.browser.service import Service, Workspace

FIELDS = [
    {"name": "name", "label": "Your name", "required": True, "to": "full_name"},
    {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"},
    {"name": "note", "label": "Note", "type": "textarea", "to": "description"},
]
CONSENTS = [{"purpose": "newsletter", "version": "1", "text": "Send me news."}]


@pytest.mark.parametrize("script", [False, True], ids=["plain", "scripted"])
def test_what_is_typed_becomes_a_lead(
    device: Device, service: Service, workspace: Workspace, script: bool
) -> None:
    form = workspace.form(
        fields=FIELDS, consents=CONSENTS, success={"message": "We call you back."}
    )
    page = device.page(script=script)
    page.goto(f"{service.base_url}/f/{form['token']}?utm_source=mail&utm_campaign=spring")
    if script:
        page.wait_for("document.querySelector('form[data-touchline=ready]')")
    page.fill("[name=name]", "Ada Lovelace")
    page.fill("[name=email]", "ada@example.com")
    page.fill("[name=note]", "Zwei Stück: ☎")
    page.click("[name=tl_consent_newsletter]")
    page.click("button")
    page.wait_for("document.body.innerText.includes('We call you back.')")
    assert page.complaints() == []
    assert page.evaluate("location.pathname").endswith("/sent") is not script
    [found] = workspace.submissions()
    assert found["status"] == "captured", found
    lead = workspace.get(f"/v1/leads/{found['lead_id']}")
    assert (lead["full_name"], lead["email"]) == ("Ada Lovelace", "ada@example.com")
    assert lead["description"] == "Zwei Stück: ☎"
    [touch] = workspace.touches(found["lead_id"])
    assert touch["utm"] == {"source": "mail", "campaign": "spring"}
    assert touch["page_url"].startswith(f"{service.base_url}/f/{form['token']}")


def test_without_a_script_mistakes_are_shown_on_the_page_with_what_was_typed(
    device: Device, service: Service, workspace: Workspace
) -> None:
    form = workspace.form(fields=FIELDS)
    page = device.page(script=False)
    page.goto(f"{service.base_url}/f/{form['token']}")
    # The browser's own check would catch it before.
    page.evaluate("document.querySelector('form').noValidate = true")
    page.fill("[name=name]", "Ada Lovelace")
    page.fill("[name=email]", "nonsense")
    page.click("button")
    page.wait_for("document.querySelector('[role=alert]')")
    assert page.evaluate("document.querySelector('[name=name]').value") == "Ada Lovelace"
    assert page.evaluate("document.querySelector('[name=email]').value") == "nonsense"
    assert page.evaluate("document.title").startswith("Error")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.click("[role=alert] a")
    assert page.evaluate("document.activeElement.name") == "email"
    page.evaluate("document.activeElement.value = ''")
    page.fill("[name=email]", "ada@example.com")
    page.click("button")
    page.wait_for("location.pathname.endsWith('/sent')")
    last = workspace.submissions()[-1]
    assert last["status"] == "captured"


def test_nothing_on_the_page_breaks_its_own_policy(
    device: Device, service: Service, workspace: Workspace
) -> None:
    form = workspace.form(fields=FIELDS, protection={"min_seconds": 0, "honeypot": "website_2"})
    page = device.page()
    page.call("Log.enable")
    page.goto(f"{service.base_url}/f/{form['token']}")
    page.wait_for("document.querySelector('form[data-touchline=ready]')")
    assert [e["entry"]["text"] for e in page.events("Log.entryAdded")] == []
    assert page.evaluate("document.querySelector('[name=website_2]').checkVisibility()") is False
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "576px"
