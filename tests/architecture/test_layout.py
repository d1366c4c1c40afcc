"""The files: short, mirrored in every layer, and free of this machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = {"app": 300, "tests": 500}

# A feature that truly has no file of its own in a layer, and why.
EXCEPTIONS: dict[str, str] = {
    "app/api/schemas/intake/double_opt_in.py": "answers pages, and reads nothing but the link",
}

# Written so that they do not match themselves.
MACHINE = re.compile(
    r"/w[o]rk/|/f[a]rm/|\.l[i]brary|pythonh[o]sted|npm[j]s|pyp[i]\.org|deb\.deb[i]an"
)
TEXT_OF_OTHERS = (".lock",)


@pytest.mark.parametrize("top", LONGEST)
def test_no_file_is_longer_than_its_limit(top: str) -> None:
    lengths = {str(p.relative_to(ROOT)): _lines(p) for p in (ROOT / top).rglob("*.py")}
    assert lengths, f"no files under {top}"
    assert {p: n for p, n in lengths.items() if n > LONGEST[top]} == {}


def test_every_route_has_its_service_schema_and_test() -> None:
    missing = [
        mirror
        for feature in _features()
        for mirror in (
            f"app/services/{feature}.py",
            f"app/api/schemas/{feature}.py",
            f"tests/api/{Path(feature).parent}/test_{Path(feature).name}.py",
        )
        if not (ROOT / mirror).is_file() and mirror not in EXCEPTIONS
    ]
    assert missing == []


def test_no_exception_outlives_its_reason() -> None:
    assert [path for path in EXCEPTIONS if (ROOT / path).exists()] == []


def test_every_package_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if not path.read_text().startswith('"""')
    ]
    assert silent == []


def test_no_file_is_named_after_nothing() -> None:
    meaningless = {"utils", "helpers", "common", "misc"}
    assert [p for p in (ROOT / "app").rglob("*.py") if p.stem in meaningless] == []


def test_no_file_names_this_machine_or_a_registry() -> None:
    found = []
    for path in _project_files():
        if path.suffix in TEXT_OF_OTHERS or not path.is_file():
            continue
        text = path.read_bytes().decode(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["/wor" + "k/main", "https://py" + "pi.org/simple", "http://deb.deb" + "ian.org"]
)
def test_the_pattern_finds_what_it_is_for(text: str) -> None:
    assert MACHINE.search(text)


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def _features() -> list[str]:
    routes = ROOT / "app/api/routes"
    found = [
        path.relative_to(routes).with_suffix("").as_posix()
        for path in routes.glob("*/*.py")
        if path.name != "__init__.py"
    ]
    assert found, "no routes"
    return sorted(found)


def _project_files() -> list[Path]:
    """What git would keep; where there is no git, everything that is not hidden."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [name.decode() for name in listed.stdout.split(b"\0") if name]
        return [ROOT / name for name in names]
    everything = (p for p in ROOT.rglob("*") if not p.relative_to(ROOT).as_posix().startswith("."))
    return [path for path in everything if "__pycache__" not in path.parts]
