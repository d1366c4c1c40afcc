"""Matching over the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from app.api.schemas.fields import (
    Body,
    Flag,
    Line,
    Read,
    Token,
    Url,
    about,
    kept,
    optional,
)
from app.api.schemas.leads.leads import AN_ID
from app.domain.leads.duplicates import Match, MatchingSettings, told
from app.domain.leads.matching import Band, Record
from app.domain.leads.matching_weights import WEIGHTS

A_SIGNAL = {"field": "family_name", "level": "exact", "weight": 8.7, "rarity": 0.0}

Probability = Annotated[float, Field(strict=True, ge=0, le=1)]
Share = Annotated[float, Field(strict=True, gt=0, lt=1)]
RecordKinds = Annotated[list[Record], Field(min_length=1, max_length=3)]


class MatchCandidate(Body):
    """Somebody, told as a lead would be; nothing is stored."""

    first_name: Line | None = optional("First name.", "Ada")
    last_name: Line | None = optional("Last name.", "Lovelace")
    full_name: Line | None = optional("The whole name, when the parts are not known.", "Ada King")
    company: Line | None = optional("The company.", "Analytical Engines Ltd")
    email: Line | None = optional("E-mail address.", "Ada@Example.com")
    phone: Line | None = optional("Phone number.", "+44 20 7946 0018")
    website: Url | None = optional("The company's web site.", "https://www.example.com")
    street: Line | None = optional("Street and number.", "12 St James's Square")
    city: Line | None = optional("City.", "London")
    postal_code: Line | None = optional("Postal code.", "SW1Y 4JH")
    country: Line | None = optional("Country: a name in any language or an ISO code.", "UK")
    custom: Annotated[dict[str, Any], Field(max_length=100)] | None = optional(
        "Custom fields by key; those count that the workspace compares.",
        {"date_of_birth": "1980-03-04"},
    )
    records: RecordKinds = about(
        "What to look among.", ["lead", "contact"], default_factory=lambda: [Record.LEAD]
    )
    limit: int = about("The most matches to answer.", 10, default=10, strict=True, ge=1, le=50)
    at_least: Probability | None = optional(
        "Leave out what is less likely; by default what is below `review_at`.", 0.5
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        asked = {"records", "limit", "at_least"}
        if not any(getattr(self, name) for name in self.model_fields_set - asked):
            raise ValueError("tell something of the record that is looked for")
        return self

    def fields(self) -> dict[str, Any]:
        """What is told of the record."""
        return self.model_dump(exclude={"records", "limit", "at_least"}, exclude_unset=True)


class RecordSummary(Read):
    """What tells a record from others at a glance."""

    id: UUID = about("Its id.", AN_ID)
    name: str | None = about("The person's name, or the account's.", "Ada Lovelace")
    company: str | None = about("The company.", "Analytical Engines Ltd")
    email: str | None = about("The e-mail address.", "ada@example.com")
    phone: str | None = about("The phone number.", "+44 20 7946 0018")


class SignalRead(Read):
    """What one comparison contributes."""

    field: str = about("What was compared.", "family_name")
    level: str = about("How alike the values are.", "exact")
    weight: float = about(
        "For (positive) or against one record, in bits: each doubles or halves the odds.", 8.7
    )
    rarity: float = about("The part of it that is due to how rare the common value is.", -1.4)


class MatchRead(Read):
    """A record that may be the one asked about. The weights of all signals and the prior together
    are the log2 of the odds."""

    record: Record = about("What it is.", "lead")
    id: UUID = about("Its id.", AN_ID)
    summary: RecordSummary = about("What it looks like.")
    probability: float = about("That both are one, from 0 to 1.", 0.9991)
    band: Band = about("What the workspace does about so likely a match.", "auto")
    weight: float = about("The log2 of the odds.", 10.1)
    prior: float = about("The log2 of the odds before anything is compared.", -13.0)
    signals: list[SignalRead] = about("What makes it up, the heaviest first.", [A_SIGNAL])


class MatchList(Read):
    """Matches, the likeliest first."""

    data: list[MatchRead] = about("The matches.")


def match_list(matches: list[Match]) -> MatchList:
    """The answer."""
    return MatchList(data=[_match_read(match) for match in matches])


def _match_read(match: Match) -> MatchRead:
    return MatchRead(
        record=match.record,
        id=match.id,
        summary=RecordSummary(**match.summary),
        probability=match.score.probability,
        band=match.band,
        weight=round(match.score.weight, 4),
        prior=match.score.prior,
        signals=[SignalRead(**signal) for signal in told(match.score.signals)],
    )


class RatesBody(Body):
    """How often matches are on a level, and how often other pairs are."""

    m: Share = about("The share of matches on this level.", 0.6)
    u: Share = about("The share of other pairs on this level.", 0.001)


Levels = Annotated[dict[Token, RatesBody], Field(min_length=1, max_length=20)]
FieldName = Annotated[str, Field(pattern=r"^(custom\.)?[a-z][a-z0-9_]{0,49}$")]


class MatchingUpdate(Body):
    """A JSON merge patch; null brings a default back."""

    auto_at: Probability | None = kept("From which probability on two are one.", 0.995)
    review_at: Probability | None = kept("From which on somebody should look.", 0.2)
    auto_merge: Flag | None = kept("Whether a scan merges the leads of band `auto`.", example=False)
    custom_fields: Annotated[list[Token], Field(max_length=20)] | None = kept(
        "Keys of the custom fields that are compared.", ["customer_number"]
    )
    ignored_fields: Annotated[list[Token], Field(max_length=20)] | None = kept(
        "Fields that are not compared.", ["country"]
    )
    weights: Annotated[dict[FieldName, Levels], Field(max_length=50)] | None = kept(
        "Own rates of levels, by field and level; the others keep their defaults.",
        {"phone": {"exact": {"m": 0.5, "u": 0.0001}}},
    )
    prior: Annotated[float, Field(strict=True, ge=-40, le=0)] | None = kept(
        "The log2 of the odds that two records are one, before anything is compared.", -13.0
    )

    @field_validator("ignored_fields")
    @classmethod
    def _are_fields(cls, names: list[str] | None) -> list[str] | None:
        unknown = [name for name in names or () if name not in WEIGHTS or name == "custom"]
        if unknown:
            raise ValueError(f"not compared anyway: {', '.join(unknown)}")
        return names

    def changes(self) -> dict[str, Any]:
        """The settings to change, as the domain keeps them."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "custom_fields" in given:
            given["compared_custom"] = given.pop("custom_fields")
        if given.get("weights") is not None:
            given["weights"] = {
                field: {level: [rates.m, rates.u] for level, rates in levels.items()}
                for field, levels in given["weights"].items()
            }
        return given


class RatesRead(Read):
    """The rates of a level, and what they weigh."""

    m: float = about("The share of matches on this level.", 0.6)
    u: float = about("The share of other pairs on this level.", 0.001)


class TermsRead(Read):
    """A count of how often values come."""

    scan_id: UUID = about("The scan that counted.", AN_ID)
    records: int = about("Of how many records.", 48_210)


class MatchingRead(Read):
    """How the workspace matches."""

    auto_at: float = about("From which probability on two are one.", 0.995)
    review_at: float = about("From which on somebody should look.", 0.2)
    auto_merge: bool = about("Whether a scan merges the leads of band `auto`.", example=False)
    custom_fields: list[str] = about("Custom fields that are compared.", ["customer_number"])
    ignored_fields: list[str] = about("Fields that are not compared.", ["country"])
    weights: dict[str, dict[str, RatesRead]] = about(
        "The rates in force by field and level; a level weighs log2(m / u).",
        {"phone": {"exact": {"m": 0.55, "u": 0.00002}}},
    )
    own_weights: dict[str, list[str]] = about(
        "Which of them are the workspace's own.", {"phone": ["exact"]}
    )
    prior: float = about("The prior in force.", -13.0)
    terms: dict[str, TermsRead] = about(
        "The count of frequencies in force, by record.", {"lead": {"scan_id": AN_ID, "records": 9}}
    )
    estimate: dict[str, Any] | None = about(
        "The report of the last estimate.", {"applied": False, "pairs": 120}
    )
    updated_at: datetime = about("When they last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag. 0 while all is default.", 1)


def matching_read(settings: MatchingSettings) -> MatchingRead:
    """The settings with every weight in force."""
    weights = settings.effective_weights()
    return MatchingRead(
        **{
            name: getattr(settings, name)
            for name in (
                "auto_at",
                "review_at",
                "auto_merge",
                "ignored_fields",
                "terms",
                "estimate",
                "updated_at",
                "version",
            )
        },
        custom_fields=settings.compared_custom,
        weights={
            field: {level: RatesRead(m=rates.m, u=rates.u) for level, rates in levels.items()}
            for field, levels in weights.rates.items()
        },
        own_weights={field: sorted(levels) for field, levels in settings.weights.items()},
        prior=weights.prior,
    )
