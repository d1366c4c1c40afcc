"""Proof of work: a riddle that costs a browser half a second, and a robot as much for each post.

The riddles are ALTCHA's (version 2), so its own widget solves them as well as our script.
"""

import random
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import altcha

from app.domain.intake.suspicion import Suspicion
from app.platform.secrets import Secrets

LIFETIME = timedelta(minutes=20)
ALGORITHM = "PBKDF2/SHA-256"
# A try costs a browser a fraction of a millisecond; one costs us as much, to make the riddle.
COST = 1_000
TRIES = (300, 700)
MOST_REMEMBERED = 100_000
_LONGEST = 4_096

_random = random.SystemRandom()


class ProofOfWork:
    """Makes riddles and checks answers. Which were used is remembered by this process alone."""

    def __init__(self, secrets: Secrets, *, most_remembered: int = MOST_REMEMBERED) -> None:
        self._secret = secrets.key("proof of work")
        self._key_secret = secrets.key("proof of work key")
        self._most_remembered = most_remembered
        self._used: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def challenge(self, form_id: UUID, now: datetime) -> dict[str, Any]:
        """A riddle for one form, in the shape that ALTCHA's widget knows."""
        return altcha.create_challenge(
            ALGORITHM,
            COST,
            counter=_random.randint(*TRIES),
            expires_at=now + LIFETIME,
            data={"form": str(form_id)},
            hmac_secret=self._secret,
            hmac_key_secret=self._key_secret,
        ).to_dict()

    def check(
        self, answer: str | None, form_id: UUID, submission: bytes, now: datetime
    ) -> Suspicion | None:
        """What is wrong with an answer; None when it is right.

        `submission` tells a submission from all others: one that is sent again, because its reply
        was lost, brings the same answer again.
        """
        if not answer:
            return Suspicion.PROOF_MISSING
        payload = _read(answer)
        if payload is None:
            return Suspicion.PROOF_WRONG
        result = altcha.verify_solution(payload, self._secret, hmac_key_secret=self._key_secret)
        parameters = payload.challenge.parameters
        if result.expired:
            return Suspicion.PROOF_EXPIRED
        if not result.verified or parameters.data != {"form": str(form_id)}:
            return Suspicion.PROOF_WRONG
        return None if self._is_first(parameters, submission, now) else Suspicion.PROOF_REUSED

    def _is_first(
        self, parameters: altcha.ChallengeParameters, submission: bytes, now: datetime
    ) -> bool:
        self._forget(now.timestamp())
        user, _ = self._used.setdefault(
            parameters.nonce, (submission, float(parameters.expires_at or 0))
        )
        return user == submission

    def _forget(self, now: float) -> None:
        """What has expired; and the oldest, when there are too many."""
        while self._used:
            nonce, (_, expires_at) = next(iter(self._used.items()))
            if expires_at >= now and len(self._used) < self._most_remembered:
                return
            del self._used[nonce]


def _read(answer: str) -> altcha.Payload | None:
    if len(answer) > _LONGEST:
        return None
    try:
        return altcha.Payload.from_base64(answer)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
