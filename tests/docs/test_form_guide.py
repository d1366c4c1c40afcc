"""The guide to forms: its commands are run, its examples hold, and it knows every code."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from app.domain.intake.mapping import apply_mapping, check_mapping
from tests.cli.processes import Shell, environment
from tests.docs.test_commands import ROOT, blocks

GUIDE = "docs/forms.md"
READING = (
    "app/adapters/form_bodies/*.py",
    "app/domain/intake/form_*.py",
    "app/domain/intake/fitting.py",
    "app/domain/intake/mapping.py",
    "app/services/intake/form_answers.py",
    "app/services/intake/form_reading.py",
    "app/services/intake/forms.py",
)
CODE = re.compile(r'(?:\bFinding\(\s*code=|\bappend\(\(|_Unfit\(|return \[\()\s*"([a-z_]+)"')


def test_its_commands_work_word_for_word(tmp_path: Path) -> None:
    shell = Shell(tmp_path, environment(tmp_path / "bytecode"))
    first = blocks("README.md", "sh tour").partition("LEAD=")[0]
    script = f"set -euo pipefail\n{first}\n{blocks(GUIDE, 'sh forms')}"
    with shell.serve():
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    normalised, plain, scripted = done.stdout.splitlines()
    assert "'email_norm': 'grace@example.com'" in normalised
    assert "'phone_norm': '+49301234567'" in normalised
    assert (plain, scripted) == ("303", "received")


def test_its_mapping_gives_what_it_says() -> None:
    rules = json.loads(blocks(GUIDE, "json mapping"))
    told = json.loads(blocks(GUIDE, "json mapped"))
    text = (ROOT / GUIDE).read_text("utf-8")
    payload = json.loads(re.findall(r"With `(\{.*?\})` this gives", text)[0])
    check_mapping(rules)
    assert apply_mapping(rules, payload)[0] == told


def test_it_knows_every_code() -> None:
    text = (ROOT / GUIDE).read_text("utf-8")
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| ", text.partition("## What waits")[2], re.MULTILINE)
    told = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}
    source = "".join(path.read_text() for glob in READING for path in ROOT.glob(glob))
    found = set(CODE.findall(source))
    assert len(found) > 20
    assert told == found


@pytest.mark.parametrize(
    "text", ['Finding(code="a_b", x)', 'odd.append(("a_b", 1))', 'raise _Unfit("a_b", "x")']
)
def test_a_code_is_found(text: str) -> None:
    assert CODE.findall(text) == ["a_b"]
