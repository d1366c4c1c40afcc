"""Riddles that cost a browser a moment, and a robot as much for each submission."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.door import public_sender
from app.api.runtime import runtime_of
from app.api.schemas.intake.challenges import Challenge
from app.services.intake.challenges import challenge_for
from app.services.intake.hosted_forms import opened

router = APIRouter(prefix="/f", tags=["public forms"])


@router.get("/{form_token}/challenge", response_model=Challenge, include_in_schema=False)
async def get_challenge(form_token: str, request: Request, response: Response) -> dict[str, Any]:
    """A new one each time; it is good for twenty minutes and for one submission."""
    runtime = runtime_of(request)
    token = opened(runtime.secrets, form_token)
    sender = public_sender(request, token.workspace_id, token.subject_id)
    response.headers.update({**sender.headers, "Cache-Control": "no-store"})
    return challenge_for(runtime.secrets, runtime.proof_of_work, form_token)
