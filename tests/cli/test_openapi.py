"""`touchline openapi`."""

import os

import yaml

from app.main import create_app
from app.platform.config import Settings
from tests.cli.processes import Shell, one_line


def test_prints_the_document_of_the_app(shell: Shell) -> None:
    done = shell.run("openapi")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == create_app(Settings()).openapi()


def test_is_the_same_in_every_process_and_environment(shell: Shell) -> None:
    first = shell.run("openapi", PYTHONHASHSEED="1")
    second = shell.run("openapi", PYTHONHASHSEED="2", TOUCHLINE_PORT="9", TZ="Asia/Tokyo")
    assert first.stdout == second.stdout


def test_check_compares_with_a_file(shell: Shell) -> None:
    assert "openapi.yaml is missing" in one_line(shell.run("openapi", "--check"))
    assert shell.run("openapi", "--output", "openapi.yaml").returncode == 0
    assert shell.run("openapi", "--check").returncode == 0
    with (shell.folder / "openapi.yaml").open("a") as stream:
        stream.write(os.linesep)
    assert "openapi.yaml differs" in one_line(shell.run("openapi", "--check"))
