"""The commands in the documentation are run as they stand."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.platform.config import Settings
from tests.cli.processes import Served, Shell, environment
from tests.conftest import Databases

ROOT = Path(__file__).parents[2]


def blocks(document: str, mark: str) -> str:
    """The fenced blocks of a document that carry a mark, one after the other."""
    text = (ROOT / document).read_text("utf-8")
    return "\n".join(re.findall(rf"^```{mark}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An empty folder, as after a clone."""
    folder = tmp_path_factory.mktemp("tour")
    return Shell(folder, environment(folder / "bytecode"))


@pytest.fixture(scope="module")
def served(shell: Shell) -> Iterator[Served]:
    """A service as `make run` starts it, with its data in `.touchline`."""
    with shell.serve() as running:
        yield running


@pytest.mark.usefixtures("served")
def test_the_tour_of_the_readme_works_word_for_word(shell: Shell) -> None:
    script = "set -euo pipefail\n" + blocks("README.md", "sh tour")
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("2026-")]
    story = [
        "form_submitted",
        "content_downloaded",
        "meeting",
        "lead.created",
        "lead.assessed",
        "lead.qualified",
        "opportunity.created",
        "lead.converted",
    ]
    assert [kind for kind in kinds if kind in story][: len(story)] == story, kinds
    last = [line for line in done.stdout.splitlines() if line.startswith("2026-")][-1]
    assert len(last.split()) == 3, "who did it is missing"


@pytest.mark.usefixtures("served")
def test_one_person_is_one_lead_as_the_readme_says(shell: Shell) -> None:
    first = blocks("README.md", "sh tour").partition("LEAD=")[0]
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{first}\n{blocks('README.md', 'sh people')}"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcome, identities, matches = done.stdout.splitlines()
    assert outcome == "linked"
    assert identities.count("'kind': 'email'") == 2
    best = json.loads(matches)["data"][0]
    assert best["band"] in ("auto", "review")
    assert best["signals"]


@pytest.mark.usefixtures("served")
def test_the_chapter_on_scores_finds_who_is_hottest(shell: Shell) -> None:
    first = re.split(r"^LEAD=", blocks("README.md", "sh tour"), maxsplit=1, flags=re.MULTILINE)[0]
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{first}\n{blocks('README.md', 'sh ripe')}"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    score, hottest, found = done.stdout.partition("}\n[")[0], *done.stdout.splitlines()[-2:]
    assert '"rule": "meeting"' in score, done.stdout
    assert "'engagement': " in hottest, done.stdout
    assert "Mina Okafor" in found, done.stdout


def test_a_postgres_of_ones_own_is_set_up_as_the_guide_says(
    databases: Databases, tmp_path: Path
) -> None:
    script = blocks("docs/operating.md", "sh postgres")
    given = {"owner:secret@db/touchline": "", "touchline_app:another@db/touchline": ""}
    for url in given:
        assert url in script
    script = re.sub(r"^export TOUCHLINE_DATABASE.*$", "", script, flags=re.MULTILINE)
    script = script.replace("touchline serve", "touchline doctor")
    environment = {
        **os.environ,
        "TOUCHLINE_DATABASE_OWNER_URL": databases.owner_url,
        "TOUCHLINE_DATABASE_URL": databases.app_url,
        "TOUCHLINE_DATA_DIR": str(tmp_path),
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^tl_sk_", done.stdout, re.MULTILINE)


def test_the_settings_in_the_guide_are_those_of_the_code() -> None:
    told = set(re.findall(r"`(TOUCHLINE_[A-Z_]+)`", (ROOT / "docs/operating.md").read_text()))
    known = {f"TOUCHLINE_{name.upper()}" for name in Settings.model_fields}
    assert told == known


def test_links_in_the_documentation_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
