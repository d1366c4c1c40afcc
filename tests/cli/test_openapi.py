"""`touchline openapi`."""

from pathlib import Path

import pytest
import yaml

from app.cli.openapi import check_document, write_document
from app.cli.problems import CannotRun
from app.main import create_app
from app.platform.config import Settings
from tests.cli.processes import Shell, one_line


def test_prints_the_document_of_the_app_in_every_environment(shell: Shell) -> None:
    first = shell.run("openapi", "--output", "-", PYTHONHASHSEED="1")
    second = shell.run(
        "openapi", "--output=-", PYTHONHASHSEED="2", TOUCHLINE_PORT="9", TZ="Asia/Tokyo"
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert yaml.safe_load(first.stdout) == create_app(Settings()).openapi()


def test_check_fails_without_a_file(shell: Shell) -> None:
    assert "openapi.yaml is missing" in one_line(shell.run("openapi", "--check"))


def test_check_compares_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "openapi.yaml"
    write_document(file)
    check_document(file)
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(CannotRun, match=r"openapi\.yaml differs"):
        check_document(file)
