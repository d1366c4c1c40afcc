"""What every command shares."""

import subprocess
import sys

import pytest

from app.cli.settings import log_style
from app.platform.config import Settings
from tests.cli.processes import ROOT, Shell

HEAVY = ("asyncpg", "fastapi", "pydantic", "rich", "sqlalchemy", "uvicorn")


def test_help_lists_the_commands(shell: Shell) -> None:
    done = shell.run("--help")
    assert done.returncode == 0
    for command in (
        "serve",
        "worker",
        "migrate",
        "seed",
        "keys",
        "workspaces",
        "spool",
        "export",
        "openapi",
        "doctor",
    ):
        assert f"\n  {command} " in done.stdout


def test_help_waits_for_nothing_heavy() -> None:
    code = f"import sys, app.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


class TestLogStyle:
    @pytest.fixture(autouse=True)
    def no_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TOUCHLINE_LOG_FORMAT", raising=False)

    def test_is_json_where_nobody_looks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
        assert log_style(Settings()) == "json"

    def test_is_readable_at_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        assert log_style(Settings()) == "console"

    def test_is_what_was_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("TOUCHLINE_LOG_FORMAT", "json")
        assert log_style(Settings()) == "json"
