"""A local log that keeps submissions while Postgres cannot; one directory for each process."""

from app.adapters.spool.abandoned import Abandoned, Survey, abandoned, instances
from app.adapters.spool.errors import SpoolFull, SpoolInUse, SpoolUnavailable
from app.adapters.spool.live import Spool
from app.adapters.spool.log import Entry, Problem, Usage
from app.adapters.spool.mounts import is_ephemeral

__all__ = [
    "Abandoned",
    "Entry",
    "Problem",
    "Spool",
    "SpoolFull",
    "SpoolInUse",
    "SpoolUnavailable",
    "Survey",
    "Usage",
    "abandoned",
    "instances",
    "is_ephemeral",
]
