"""The guide to qualification: its commands are run word for word."""

import subprocess
from pathlib import Path

from tests.cli.processes import Shell, environment
from tests.docs.test_commands import blocks

GUIDE = "docs/qualification.md"


def test_its_commands_work_word_for_word(tmp_path: Path) -> None:
    shell = Shell(tmp_path, environment(tmp_path / "bytecode"))
    first = blocks("README.md", "sh tour").partition("LEAD=")[0]
    script = f"set -euo pipefail\n{first}\n{blocks(GUIDE, 'sh qualification')}"
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
    assert done.stdout.splitlines() == [
        "published",
        "['metrics', 'decision_criteria', 'decision_process']",
        "True",
        "['decision_process']",
        "working",
        "True",
    ]
