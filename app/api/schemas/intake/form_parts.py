"""The parts of a form over the wire."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.fields import (
    Body,
    Flag,
    Label,
    Line,
    Paragraph,
    Token,
    Url,
    about,
    kept,
    optional,
)
from app.api.schemas.intake.mapping import Target
from app.domain.intake.forms import CONFIRM_SUBJECT, DisposableRule, FieldType

Name = Annotated[str, Field(min_length=1, max_length=100)]
Value = Annotated[str, Field(max_length=500)]
Host = Annotated[str, Field(min_length=1, max_length=300)]
Hours = Annotated[int, Field(strict=True, ge=1, le=720)]
Seconds = Annotated[int, Field(strict=True, ge=0, le=3_600)]
Version = Annotated[str, Field(min_length=1, max_length=50)]


class FormChoice(Body):
    """One of the values to choose from."""

    value: Annotated[str, Field(min_length=1, max_length=500)] = about("What is sent.", "l")
    label: Label = about("What people read.", "51 to 500 people")


class FormShowWhen(Body):
    """Show the field only on a certain answer."""

    field: Name = about("The name of an earlier field.", "kind")
    equals: Value = about(
        "Its answer; `true` for a box that is ticked, `false` for one that is not.", "company"
    )


class FormField(Body):
    """One question of a form."""

    name: Name = about("The name it is sent under; not one that starts with `tl_`.", "email")
    label: Label = about("What people read.", "E-mail")
    type: FieldType = about("How it is shown and read.", "email", default=FieldType.TEXT)
    required: Flag = about("Whether an answer is needed.", example=True, default=False)
    choices: Annotated[list[FormChoice], Field(max_length=500)] = about(
        "For select and radio, and for a group of checkboxes.", default_factory=list
    )
    placeholder: Line | None = optional("A hint inside the field.", "you@example.com")
    help: Line | None = optional("A line below the field.", "We answer within a day.")
    default: Value | None = optional("The value before anybody types.", "de")
    autocomplete: Annotated[str, Field(pattern=r"^[a-z0-9 -]{1,100}$")] | None = optional(
        "What the browser may fill in, in the words of HTML.", "email"
    )
    max_length: Annotated[int, Field(strict=True, ge=1, le=20_000)] | None = optional(
        "How many characters may be typed.", 500
    )
    show_when: FormShowWhen | None = optional("Show it only on an earlier answer.")
    progressive: Flag = about(
        "Whether it is left out for a visitor who answered it before on this device.",
        example=False,
        default=False,
    )
    to: Target | None = optional(
        "The field of a lead that gets the answer, or `custom.<key>`, or a criterion of a "
        "published framework that it answers: `qualification.<framework>.<criterion>`, whose "
        "answers are the choices unless others are given. Null keeps it on the touchpoint only.",
        "email",
    )


class FormConsent(Body):
    """A text to agree to, with a box to tick."""

    purpose: Token = about("What it is for, in snake_case.", "newsletter")
    version: Version = about("Another text needs another version.", "2026-01")
    text: Paragraph = about("What people agree to.", "Send me news by e-mail.", min_length=1)
    required: Flag = about(
        "Whether the form cannot be sent without it.", example=False, default=False
    )


Hosts = Annotated[list[Host], Field(max_length=50)]


class FormSuccess(Body):
    """What follows when the form was sent."""

    message: Paragraph | None = optional("What people read.", "Thank you!")
    redirect_url: Url | None = optional(
        "Where they are sent instead: its origin is one of `allowed_origins`, or its host one of "
        "`redirect_hosts`.",
        "https://www.example.com/thanks",
    )
    redirect_hosts: Hosts = about(
        "Further hosts that people may be sent to.",
        ["thanks.example.com"],
        default_factory=list,
    )


class FormSuccessUpdate(Body):
    """What follows when the form was sent; absent members stay."""

    message: Paragraph | None = optional("What people read.", "Thank you!")
    redirect_url: Url | None = optional(
        "Where they are sent instead.", "https://www.example.com/thanks"
    )
    redirect_hosts: Hosts = kept(
        "Further hosts that people may be sent to.", ["thanks.example.com"]
    )


class FormDoubleOptIn(Body):
    """Whether the address is confirmed before the lead is captured, and what the e-mail says."""

    enabled: Flag = about("Whether to ask.", example=True, default=False)
    lifetime_hours: Hours = about("How long the link works.", 48, default=48)
    subject: Label | None = optional("The subject of the e-mail.", CONFIRM_SUBJECT)
    message: Paragraph | None = optional("What it says above the link.", "One click and we start.")
    confirmed_url: Url | None = optional(
        "Where the link leads in the end, under the rules of `success.redirect_url`.",
        "https://www.example.com/confirmed",
    )


class FormDoubleOptInUpdate(Body):
    """Double opt-in; absent members stay."""

    enabled: Flag = kept("Whether to ask.", example=True)
    lifetime_hours: Hours = kept("How long the link works.", 48)
    subject: Label | None = optional("The subject of the e-mail.", CONFIRM_SUBJECT)
    message: Paragraph | None = optional("What it says above the link.", "One click and we start.")
    confirmed_url: Url | None = optional(
        "Where the link leads in the end.", "https://www.example.com/confirmed"
    )


class FormProtection(Body):
    """What keeps robots out. Nothing is dropped for it: what is suspicious waits."""

    honeypot: Name | None = optional(
        "The name of a field that people do not see and robots fill in.", "website_2"
    )
    min_seconds: Seconds = about("How long people need at least to fill it in.", 2, default=2)
    proof_of_work: Flag = about(
        "Whether the browser has to work for it.", example=False, default=False
    )
    block_disposable: DisposableRule = about(
        "What to do with throw-away addresses.", "flag", default=DisposableRule.FLAG
    )


class FormProtectionUpdate(Body):
    """Protection; absent members stay."""

    honeypot: Name | None = optional(
        "The name of a field that people do not see and robots fill in.", "website_2"
    )
    min_seconds: Seconds = kept("How long people need at least to fill it in.", 2)
    proof_of_work: Flag = kept("Whether the browser has to work for it.", example=False)
    block_disposable: DisposableRule = kept("What to do with throw-away addresses.", "flag")
