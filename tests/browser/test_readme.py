"""The README's chapter on forms, done as a new user would: paste, fill in, look."""

import json
import subprocess
from pathlib import Path

from tests.browser.devtools import Browser
from tests.cli.processes import Shell, environment
from tests.docs.test_commands import blocks


def _pasted(shell: Shell, mark: str) -> str:
    first = blocks("README.md", "sh tour").partition("LEAD=")[0]
    script = f"set -euo pipefail\n{first}\n{blocks('README.md', mark)}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_form_in_a_static_page_brings_a_lead(browser: Browser, tmp_path: Path) -> None:
    shell = Shell(tmp_path, environment(tmp_path / "bytecode"))
    with shell.serve("--no-demo-data"):
        _pasted(shell, "sh intake")
        with browser.device() as device:
            page = device.page()
            page.emulate(script=False)
            page.goto((tmp_path / "contact.html").as_uri())
            page.fill("input[name=name]", "Grace Hopper")
            page.fill("input[name=email]", "grace@example.com")
            page.fill("textarea[name=message]", "Zwei Stück, bitte")
            page.click("button")
            page.wait_for("document.body.innerText.includes('Thank you, we will call you.')")
        arrived = _pasted(shell, "sh arrived")
    told, _, name = arrived.rstrip().rpartition("\n")
    assert name == "Grace Hopper"
    [submission] = json.loads(told)["data"]
    assert (submission["status"], submission["outcome"]) == ("captured", "created")
