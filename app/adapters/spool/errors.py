"""Why the spool did not take a record, or cannot give one back."""


class SpoolUnavailable(Exception):
    """The disk does not do what it is asked for now; nothing of this call may be acknowledged."""


class SpoolFull(SpoolUnavailable):
    """What Postgres does not have yet fills all the room that the spool may take."""


class SpoolInUse(SpoolUnavailable):
    """Another process holds this directory, or one with this name has been there before."""
