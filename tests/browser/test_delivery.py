"""A post arrives once: over a cut line, a busy server, a closed tab and a second one."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.domain.access.rate_limits import Limit
from app.domain.errors import Unavailable
from app.services.access.rate_limits import Limits, RateLimits
from tests.browser.devtools import Device, Page
from tests.browser.service import Service, Site, Workspace
from tests.browser.test_embedding import EMAIL, ready, sent, tag, waiting


@pytest.fixture
def form(workspace: Workspace) -> dict[str, Any]:
    return workspace.form(fields=[EMAIL])


@pytest.fixture
def url(service: Service, site: Site, form: dict[str, Any]) -> str:
    return site.page(tag(service, form))


def submit(page: Page, email: str = "ada@example.com") -> None:
    ready(page)
    page.fill("[name=email]", email)
    page.click("button")


def emails(workspace: Workspace) -> list[str]:
    """The address of each submission; one that came twice would be here twice."""
    came = workspace.submissions()
    return [workspace.get(f"/v1/leads/{one['lead_id']}")["email"] for one in came]


def test_offline_it_waits_on_the_device_and_goes_out_once_when_the_line_is_back(
    device: Device, service: Service, workspace: Workspace, url: str
) -> None:
    page = device.page(url)
    ready(page)
    page.cut_off()
    submit(page)
    page.wait_for("document.body.innerText.includes('kept on this device')")
    # Pressing again changes nothing.
    page.click("button")
    time.sleep(0.5)
    assert len(waiting(page)) == 1
    assert workspace.submissions() == []
    page.connect()
    sent(page)
    assert [one["status"] for one in workspace.submissions()] == ["captured"]
    assert waiting(page) == []


def test_what_waits_goes_out_from_the_next_page_too(
    device: Device, service: Service, workspace: Workspace, site: Site, url: str
) -> None:
    page = device.page(url)
    ready(page)
    page.cut_off()
    submit(page)
    page.wait_for("document.body.innerText.includes('kept on this device')")
    [entry] = waiting(page)
    submitted = entry["body"]["context"]["submitted_at"]
    page.close()
    assert workspace.submissions() == []
    later = device.page(url)
    later.until(lambda: len(workspace.submissions()) == 1, "it is there")
    later.until(lambda: waiting(later) == [], "nothing waits")
    [found] = workspace.submissions()
    assert found["status"] == "captured"
    [touch] = workspace.touches(found["lead_id"])
    assert touch["occurred_at"][:19] == submitted[:19]


@contextmanager
def limited(service: Service, requests: int, seconds: int) -> Iterator[None]:
    """So many requests from one address, no more."""
    before = service.app.state.runtime
    hard = Limits(hard=Limit("address", requests, seconds))
    few = RateLimits(per_key=Limits(), per_address=hard)
    service.app.state.runtime = replace(before, rate_limits=few)
    try:
        yield
    finally:
        service.app.state.runtime = before


def test_a_limit_can_be_read_across_origins_and_is_waited_for(
    device: Device, service: Service, workspace: Workspace, form: dict[str, Any], url: str
) -> None:
    page = device.page(url)
    ready(page)
    with limited(service, requests=1, seconds=2):
        answer = page.evaluate(
            f"""(async () => {{
              const send = () => fetch("{service.base_url}/f/{form["token"]}", {{
                method: "POST", body: '{{"fields": {{"email": "first@example.com"}}}}',
                headers: {{ "Content-Type": "application/json", "Idempotency-Key": "k1" }},
              }});
              await send();
              const refused = await send();
              const heard = (name) => refused.headers.get(name);
              return [refused.status, heard("Retry-After"), heard("RateLimit"),
                heard("RateLimit-Policy"), heard("Content-Type"), (await refused.json()).code];
            }})()"""
        )
        policy = '"address";q=1;w=2'
        assert answer[0] == 429
        wait = answer[1]
        assert answer[1:] == [
            wait,
            f'"address";r=0;t={wait}',
            policy,
            "application/problem+json",
            "too_many_requests",
        ]
        submit(page, "second@example.com")
        started = time.monotonic()
        sent(page)
    assert time.monotonic() - started > 0.5
    assert sorted(emails(workspace)) == ["first@example.com", "second@example.com"]


def test_a_server_that_cannot_take_it_gets_it_again_under_the_same_key(
    device: Device,
    service: Service,
    workspace: Workspace,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = device.page(url)
    ready(page)
    before = len(service.gate.posts)

    async def refuse(delivery: Any) -> Any:
        raise Unavailable("not now")

    with monkeypatch.context() as patched:
        patched.setattr(service.app.state.runtime.reception, "accept", refuse)
        submit(page)
        page.wait_for("document.body.innerText.includes('kept on this device')")
    sent(page)
    tries = service.gate.posts[before:]
    assert len(tries) >= 2
    assert len(set(tries)) == 1
    assert [one["status"] for one in workspace.submissions()] == ["captured"]


@pytest.mark.parametrize("end", ["close", "crash"])
def test_a_tab_that_ends_in_the_middle_sends_it_at_most_once_and_then_once(
    device: Device, service: Service, workspace: Workspace, site: Site, url: str, end: str
) -> None:
    random.seed(f"{end} 7")
    # A page of the same site that has no script, to look at what the device keeps.
    watcher = device.page(site.page("", "/empty"))
    rounds, safe, lost = 8, set(), len(service.gate.lost)
    for number in range(rounds):
        email = f"{end}{number}@example.com"
        page = device.page(url)
        ready(page)
        service.gate.shut()
        submit(page, email)
        time.sleep(random.choice([0, 0.01, 0.03, 0.1]))
        if end == "close":
            page.close()
        else:
            page.crash()
        if number % 2:
            # What the tab sent is stored, and it never hears of it.
            service.gate.let_go()
        else:
            service.gate.lose()
        kept = [entry["body"]["fields"]["email"] for entry in waiting(watcher)]
        safe |= {email} & {*kept, *emails(workspace)}
    here = emails(workspace)
    assert len(here) == len(set(here))
    later = device.page(url)
    later.until(lambda: waiting(later) == [], "nothing waits")
    arrived = emails(workspace)
    assert len(arrived) == len(set(arrived))
    assert safe <= set(arrived)
    assert len(service.gate.lost) > lost
    # Only a process that dies within milliseconds, before disk or network had it, takes it along.
    assert len(arrived) >= rounds - (2 if end == "crash" else 0)


def test_two_tabs_do_not_send_what_waits_twice(
    device: Device, service: Service, workspace: Workspace, url: str
) -> None:
    tabs = [device.page(url), device.page(url)]
    for number, tab in enumerate(tabs):
        ready(tab)
        tab.cut_off()
        submit(tab, f"tab{number}@example.com")
        tab.wait_for("document.body.innerText.includes('kept on this device')")
    for tab in tabs:
        tab.connect()
    for tab in tabs:
        sent(tab)
    tabs[0].until(lambda: waiting(tabs[0]) == [], "nothing waits")
    assert sorted(emails(workspace)) == ["tab0@example.com", "tab1@example.com"]


def test_a_body_too_large_to_outlive_its_page_is_sent_all_the_same(
    device: Device, service: Service, workspace: Workspace, site: Site
) -> None:
    note = {"name": "note", "label": "Note", "type": "textarea"}
    page = device.page(site.page(tag(service, workspace.form(fields=[EMAIL, note]))))
    ready(page)
    page.evaluate("document.querySelector('[name=note]').value = 'ü'.repeat(40000)")
    submit(page)
    sent(page)
    assert [one["status"] for one in workspace.submissions()] == ["captured"]


@pytest.mark.parametrize("trouble", ["return {}", "throw new Error('forbidden')"])
def test_a_device_that_keeps_nothing_sends_it_all_the_same(
    device: Device,
    service: Service,
    workspace: Workspace,
    site: Site,
    form: dict[str, Any],
    trouble: str,
) -> None:
    before = f"""<script>
      Object.defineProperty(window, "indexedDB", {{ value: {{ open() {{ {trouble} }} }} }});
      Object.defineProperty(window, "localStorage", {{ get() {{ throw new Error("forbidden") }} }});
    </script>"""
    page = device.page(site.page(before + tag(service, form, 'data-consent="granted"')))
    submit(page)
    sent(page)
    assert [one["status"] for one in workspace.submissions()] == ["captured"]
