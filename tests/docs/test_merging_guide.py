"""The guide to merging: its commands are run, and it knows every part and every rule."""

import re
import subprocess
from pathlib import Path

from app.domain.leads.merge_rules import PARTS, Rule
from tests.cli.processes import Shell, environment
from tests.docs.test_commands import ROOT, blocks

GUIDE = "docs/merging.md"


def test_its_commands_work_word_for_word(tmp_path: Path) -> None:
    shell = Shell(tmp_path, environment(tmp_path / "bytecode"))
    first = blocks("README.md", "sh tour").partition("LEAD=")[0]
    script = f"set -euo pipefail\n{first}\n{blocks(GUIDE, 'sh merging')}"
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
    plan, status, company, undone = done.stdout.splitlines()
    assert "'reason': 'the winner has none'" in plan
    assert (status, company) == ("301", "Analytical Engines Ltd")
    assert undone == "{'edited_since': [], 'stayed': {}, 'gone': {}}"


def test_it_knows_every_part_and_every_rule() -> None:
    text = (ROOT / GUIDE).read_text("utf-8")
    parts, rules = (
        {
            name
            for row in table.splitlines()
            for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])
        }
        for table in re.findall(r"^\|---\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    )
    assert parts == set(PARTS)
    assert rules == set(Rule) - {Rule.FURTHEST}
