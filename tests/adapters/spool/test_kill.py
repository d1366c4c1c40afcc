"""A writer is killed at random moments; every record that it named as synced is there.

The page cache outlives the process, so this shows nothing about power loss: `test_model.py` and
`test_damage.py` stand for that.
"""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from app.adapters.spool import abandoned
from tests.adapters.spool.records import KEY, ROOT, owed

WRITER = """
import sys
from pathlib import Path
from random import Random
from app.adapters.spool import Spool
random = Random(sys.argv[2])
spool = Spool.open(Path(sys.argv[1]), bytes(range(32)), max_bytes=1 << 26, segment_bytes=200_000)
number = 0
print("ready", flush=True)
while True:
    count = random.randint(1, 60)
    batch = [f"{n:08d}".encode().ljust(random.randint(8, 3000), b".")
             for n in range(number, number + count)]
    number += count
    entries = spool.append(batch)
    if random.random() < 0.7:
        spool.sync(entries)
        print(" ".join(str(n) for n in range(number - count, number)), flush=True)
    if random.random() < 0.5:
        spool.trim()
"""


@pytest.mark.parametrize("seed", range(8))
def test_what_was_synced_survives_a_kill(root: Path, seed: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(Random(seed).uniform(0.0, 0.15))
        writer.kill()
        lines = writer.stdout.read().split("\n")
    # A line without its end was not finished.
    acknowledged = [int(number) for line in lines[:-1] for number in line.split()]
    [left] = abandoned(root, KEY)
    with left:
        found = [int(record[:8]) for record in owed(left)]
        assert left.usage().damaged <= 1
    assert found == list(range(len(found))), "no gap, nothing twice, in order"
    assert set(acknowledged) <= set(found)
