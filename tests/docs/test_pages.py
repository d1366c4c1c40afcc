"""The interactive documentation in a real browser that can reach nothing but the service."""

import html
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.processes import Served, Shell, environment

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="needs Chromium to open the pages (Debian's package chromium)",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with nothing in it."""
    folder = tmp_path_factory.mktemp("pages")
    shell = Shell(folder, environment(folder / "bytecode"))
    with shell.serve("--no-demo-data") as running:
        yield running


def rendered(url: str, profile: Path) -> str:
    """The text of a page after its scripts ran; no host but the loopback address resolves."""
    assert CHROMIUM is not None, "in CI Chromium has to be there"
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={profile}",
            "--virtual-time-budget=15000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return html.unescape(re.sub(r"<[^>]+>", " ", done.stdout))


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_a_closed_network_shows_the_whole_page(served: Served, page: str, tmp_path: Path) -> None:
    document = httpx.get(f"{served.base_url}/openapi.json").json()
    text = rendered(f"{served.base_url}/{page}", tmp_path)
    summaries = [
        operation["summary"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(summaries) > 20
    missing = [summary for summary in summaries if summary not in text]
    assert not missing


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_a_page_names_no_other_host(served: Served, page: str) -> None:
    source = httpx.get(f"{served.base_url}/{page}").text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+""", source)
