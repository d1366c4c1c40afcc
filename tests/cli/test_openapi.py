"""`touchline openapi`."""

from pathlib import Path

import pytest
import yaml

from app.cli import openapi
from app.cli.problems import CannotRun
from app.main import create_app
from app.platform.config import Settings
from tests.cli.processes import ROOT, Shell, one_line


def test_prints_the_document_of_the_app_in_every_environment(shell: Shell) -> None:
    first = shell.run("openapi", "--output", "-", PYTHONHASHSEED="1")
    second = shell.run(
        "openapi", "--output", "-", PYTHONHASHSEED="2", TOUCHLINE_PORT="9", TZ="Asia/Tokyo"
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert yaml.safe_load(first.stdout) == create_app(Settings()).openapi()


def test_check_fails_when_the_file_differs(shell: Shell) -> None:
    (shell.folder / "openapi.yaml").write_text("openapi: 3.1.0\n")
    assert "openapi.yaml differs from the app" in one_line(shell.run("openapi", "--check"))


def test_check_compares_the_whole_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "document", lambda: "openapi: 3.1.0\n")
    file = tmp_path / "openapi.yaml"
    with pytest.raises(CannotRun, match=r"openapi\.yaml is missing"):
        openapi.check_document(file)
    openapi.write_document(file)
    openapi.check_document(file)
    file.write_text("openapi: 3.1.0\n\n")
    with pytest.raises(CannotRun, match=r"openapi\.yaml differs"):
        openapi.check_document(file)


def test_text_that_looks_like_a_number_stays_text() -> None:
    texts = ["1e3", "0x1F", "017", "2026-05-31", "yes", "null", "1_000", "+49 30", "12:30", ""]
    dumped = yaml.dump(texts, Dumper=openapi._Dumper)
    assert yaml.safe_load(dumped) == texts
    assert "'1e3'" in dumped


def test_the_committed_document_is_that_of_the_app() -> None:
    openapi.check_document(ROOT / "openapi.yaml")
