"""Riddles for forms that ask for a proof of work."""

from typing import Any

from app.adapters.proof_of_work import ProofOfWork
from app.domain.access.api_keys import Signer
from app.platform import clock
from app.services.intake.hosted_forms import opened


def challenge_for(signer: Signer, proofs: ProofOfWork, form_token: str) -> dict[str, Any]:
    """A riddle for the form of a token; the database is not asked."""
    return proofs.challenge(opened(signer, form_token).subject_id, clock.now())
