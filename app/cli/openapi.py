"""`touchline openapi`: the document as YAML, in the order of the app."""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from app.cli.problems import CannotRun
from app.main import create_app
from app.platform.config import Settings

# YAML 1.2 reads these as numbers, PyYAML's older rules do not and would leave them bare.
_NUMBER = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+")


class _Dumper(yaml.CSafeDumper):
    """Every value written where it stands, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if _NUMBER.fullmatch(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)


def document() -> str:
    """The document, the same for every environment."""
    described = create_app(Settings.model_construct()).openapi()
    return yaml.dump(described, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def write_document(output: Path) -> None:
    """Write the document to a file, or to stdout when the file is called "-"."""
    if str(output) == "-":
        sys.stdout.write(document())
    else:
        output.write_text(document(), "utf-8")


def check_document(path: Path) -> None:
    """CannotRun unless the file holds the document."""
    try:
        present = path.read_text("utf-8")
    except FileNotFoundError:
        present = None
    if present != document():
        missing = "is missing" if present is None else "differs from the app"
        raise CannotRun(f"{path} {missing}; run `touchline openapi --output {path}`")
