"""Forms as visitors find them: by the token in the address."""

from app.domain.access.api_keys import Signer
from app.domain.errors import NotFound
from app.domain.intake.forms import Form
from app.domain.intake.tokens import PublicToken, parse_token
from app.services.intake.directory import Directory


def opened(signer: Signer, form_token: str) -> PublicToken:
    """What a token says; NotFound unless it was made here."""
    token = parse_token(signer, form_token)
    if token is None:
        raise NotFound("there is no form at this address")
    return token


async def find_form(signer: Signer, forms: Directory[Form], form_token: str) -> Form:
    """The form of a token, archived or not; NotFound when there is none."""
    token = opened(signer, form_token)
    form = await forms.find(token.workspace_id, token.subject_id)
    if form is None:
        raise NotFound("there is no form at this address")
    return form
