"""Which disks go with their container."""

from pathlib import Path

import pytest

from app.adapters.spool import is_ephemeral

TABLE = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 0:30 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b
28 27 8:1 / /var/lib/touchline rw,relatime shared:1 - ext4 /dev/sda1 rw
29 28 0:31 / /var/lib/touchline/cache rw,relatime - tmpfs tmpfs rw
30 27 8:2 / /with\040space rw - xfs /dev/sdb rw
31 27 0:32 / /ram rw - ramfs none rw
32 27 8:3 / /twice rw - tmpfs tmpfs rw
33 27 8:3 / /twice rw - ext4 /dev/sdc rw
a line that means nothing
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    monkeypatch.setattr("app.adapters.spool.mounts._MOUNTS", path)
    return path


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("path", "ephemeral"),
    [
        ("/srv/spool", True),
        ("/var/lib/touchline/spool", False),
        ("/var/lib/touchline", False),
        ("/var/lib/touchline-two", True),
        ("/var/lib/touchline/cache/not/there/yet", True),
        ("/with space/spool", False),
        ("/ram/spool", True),
        ("/twice/spool", False),
        ("/var/lib/touchline/../elsewhere", True),
    ],
)
def test_the_longest_mount_point_decides(path: str, ephemeral: bool) -> None:
    assert is_ephemeral(Path(path)) is ephemeral


def test_nobody_knows_without_the_table(table: Path) -> None:
    table.unlink()
    assert is_ephemeral(Path("/srv")) is None
    table.write_text("")
    assert is_ephemeral(Path("/srv")) is None


def test_a_link_is_followed(table: Path, tmp_path: Path) -> None:
    table.write_text(f"27 1 0:30 / / rw - ext4 x rw\n28 27 0:1 / {tmp_path}/in rw - tmpfs x rw\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "in")
    assert is_ephemeral(tmp_path / "out" / "spool") is True


@pytest.mark.skipif(not Path("/dev/shm").is_mount(), reason="needs a mounted tmpfs")
def test_this_machine_has_an_answer() -> None:
    assert is_ephemeral(Path("/dev/shm/spool")) is True
    assert is_ephemeral(Path("/proc/self")) is False
