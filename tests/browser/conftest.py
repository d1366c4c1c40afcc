"""Chromium, the service and another site; each test gets a device of its own."""

import os
import shutil
from collections.abc import Iterator

import pytest

from app.platform.config import Settings
from tests.browser.devtools import Browser, Device
from tests.browser.service import Service, Site, Workspace
from tests.conftest import Databases

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium there is nothing to see here; in CI that would be a fault."""
    if CHROMIUM is None and not os.environ.get("CI"):
        reason = "needs Chromium to open the pages (Debian's package chromium)"
        for item in items:
            if item.path.parent.name == "browser":
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM is not None, "in CI Chromium has to be there"
    browser = Browser(CHROMIUM, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def device(browser: Browser) -> Iterator[Device]:
    with browser.device() as device:
        yield device


@pytest.fixture(scope="module")
def service(
    settings: Settings, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    own = settings.model_copy(
        update={
            "spool_dir": tmp_path_factory.mktemp("spool"),
            # All visitors of these tests come from one address.
            "intake_rate_per_address": 0,
            "intake_rate_per_address_soft": 0,
        }
    )
    with Service(own, databases.owner_url).running() as service:
        yield service


@pytest.fixture
def workspace(service: Service) -> Iterator[Workspace]:
    workspace = service.workspace()
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site().running() as site:
        yield site
