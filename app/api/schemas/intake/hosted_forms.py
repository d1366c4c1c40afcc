"""What the script on a page is told of its form: nothing that a visitor may not see."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel

from app.domain.intake.forms import Form


class Condition(BaseModel):
    """The answer to an earlier question that makes this one visible."""

    field: str
    equals: str


class ScriptField(BaseModel):
    """When a question is shown."""

    name: str
    progressive: bool
    show_when: Condition | None


class ScriptConsent(BaseModel):
    """What a visitor can agree to."""

    purpose: str


class ScriptTexts(BaseModel):
    """What the script says of its own accord."""

    sent: str
    later: str
    wrong: str


class ScriptForm(BaseModel):
    """A form as its script gets it: `html` to show it, `trap` for forms that the page has."""

    token: str
    html: str
    trap: str
    honeypot: str | None
    proof_of_work: bool
    fields: list[ScriptField]
    consents: list[ScriptConsent]
    text: ScriptTexts

    @classmethod
    def of_form(
        cls, form: Form, token: str, *, html: str, trap: str, text: Mapping[str, str]
    ) -> Self:
        """What may be told of a form."""
        told = form.definition
        return cls.model_validate(
            {
                "token": token,
                "html": html,
                "trap": trap,
                "honeypot": told.protection.honeypot,
                "proof_of_work": told.protection.proof_of_work,
                "fields": told.fields,
                "consents": told.consents,
                "text": {**text, "sent": told.success.message or text["sent"]},
            },
            from_attributes=True,
        )
