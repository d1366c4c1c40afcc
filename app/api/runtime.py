"""What a running process has: its settings, its databases, its intake, and who may call it."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from app.adapters.proof_of_work import ProofOfWork
from app.api.client_address import TrustedProxies
from app.domain.intake.connectors import Connector
from app.domain.intake.forms import Form
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.services.access.authentication import Authenticator
from app.services.access.rate_limits import RateLimits
from app.services.intake.audit import Audit
from app.services.intake.directory import Directory
from app.services.intake.opening import Intake
from app.services.intake.pipeline import Pipeline
from app.services.intake.reception import Reception


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Made once in the app's lifespan.

    Readiness has a connection of its own, so that it does not wait behind requests.
    """

    settings: Settings
    secrets: Secrets
    database: Database
    auth_database: Database
    probe_database: Database
    authenticator: Authenticator
    intake: Intake
    audit: Audit
    pipeline: Pipeline
    proof_of_work: ProofOfWork
    rate_limits: RateLimits
    trusted_proxies: TrustedProxies
    forms: Directory[Form]
    connectors: Directory[Connector]

    @property
    def reception(self) -> Reception:
        """Where every submission is taken in."""
        return self.intake.reception


def runtime_of(request: Request) -> Runtime:
    """The runtime of the app that got this request."""
    return cast(Runtime, request.app.state.runtime)
