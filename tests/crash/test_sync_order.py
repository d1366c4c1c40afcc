"""The reader of traces, on traces made up for it."""

import pytest

from tests.crash.suites.sync_order import Order

OPEN = '7 openat(AT_FDCWD, "/spool/a/1.segment", O_WRONLY, 0600) = 9'
NEW = '7 openat(AT_FDCWD, "/spool/a/1.segment", O_WRONLY|O_CREAT, 0600) = 9'
FOLDER = '7 openat(AT_FDCWD, "/spool/a", O_RDONLY|O_DIRECTORY) = 10'
ASKED = '7 read(12, "POST /v1/submissions HTTP/1.1\\r\\nIdempotency-Key: s-1\\r\\n", 4096) = 300'
WRITTEN = '8 write(9, "\\1\\2", 2) = 2'
SYNCED = "8 fdatasync(9) = 0"
RECEIPT = "0f0e0d0c-0000-4000-8000-000000000001"
HEAD = '7 write(12, "HTTP/1.1 202 Accepted\\r\\n", 24) = 24'
BODY = f'7 write(12, "{{\\"receipt_id\\":\\"{RECEIPT}\\"}}", 76) = 76'
SENT = f'7 write(12, "HTTP/1.1 202 Accepted\\r\\n{{\\"receipt_id\\":\\"{RECEIPT}\\"}}", 99) = 99'


def verdict(*lines: str) -> tuple[set[str], list[str]]:
    order = Order("/spool")
    for line in lines:
        order.read(line)
    return order.answered, order.too_early


def test_asked_written_synced_answered_is_right() -> None:
    assert verdict(OPEN, ASKED, WRITTEN, SYNCED, SENT) == ({RECEIPT}, [])
    assert verdict(OPEN, ASKED, WRITTEN, SYNCED, HEAD, BODY) == ({RECEIPT}, [])


def test_a_new_file_needs_its_name_on_disk_too() -> None:
    named = (FOLDER, "8 fsync(10) = 0")
    assert verdict(NEW, ASKED, WRITTEN, SYNCED, *named, SENT) == ({RECEIPT}, [])
    assert verdict(NEW, ASKED, WRITTEN, SYNCED, SENT, *named) == ({RECEIPT}, [RECEIPT])


@pytest.mark.parametrize(
    "lines",
    [
        (OPEN, ASKED, WRITTEN, SENT, SYNCED),
        (OPEN, ASKED, WRITTEN, SENT),
        (OPEN, ASKED, WRITTEN, HEAD, SYNCED, BODY),
        (OPEN, ASKED, SENT, WRITTEN, SYNCED),
        (OPEN, WRITTEN, SYNCED, ASKED, SENT),
        (OPEN, ASKED, SYNCED, WRITTEN, SENT),
        (OPEN, ASKED, WRITTEN, "8 fdatasync(9) = -1 EIO (Input/output error)", SENT),
        (OPEN, ASKED, WRITTEN, "8 fdatasync(10) = 0", SENT),
        (
            OPEN,
            ASKED,
            WRITTEN,
            "8 fdatasync(9 <unfinished ...>",
            SENT,
            "8 <... fdatasync resumed>) = 0",
        ),
    ],
)
def test_every_other_order_is_found(lines: tuple[str, ...]) -> None:
    assert verdict(*lines) == ({RECEIPT}, [RECEIPT])


def test_a_call_that_was_interrupted_is_put_together() -> None:
    begun, done = "8 fdatasync(9 <unfinished ...>", "8 <... fdatasync resumed>) = 0"
    assert verdict(OPEN, ASKED, WRITTEN, begun, done, SENT) == ({RECEIPT}, [])
