"""What a running process has: its settings, its two database roles, and who may call it."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from app.platform.config import Settings
from app.platform.db import Database
from app.services.access.authentication import Authenticator


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Made once in the app's lifespan.

    Readiness has a connection of its own, so that it does not wait behind requests.
    """

    settings: Settings
    database: Database
    auth_database: Database
    probe_database: Database
    authenticator: Authenticator


def runtime_of(request: Request) -> Runtime:
    """The runtime of the app that got this request."""
    return cast(Runtime, request.app.state.runtime)
