"""Data quality over the wire."""

from datetime import datetime
from typing import Self

from app.api.schemas.fields import Read, about
from app.domain.leads.data_quality import GroupQuality


class FieldQualityRead(Read):
    """How good a field's value is."""

    field: str = about("The field.", "email")
    present: bool = about("Whether there is a value.", example=True)
    valid: bool | None = about(
        "Whether it can be read for what it should be; null where nothing can tell.", example=True
    )
    verified: bool = about("Whether it was verified, such as by a double opt-in.", example=False)
    source: str | None = about("What brought it, as in `provenance`.", "submission")
    source_name: str | None = about("The source in words.", "Contact form")
    since: datetime | None = about("When it came.", "2026-03-02T09:30:00Z")
    age_days: int | None = about("How many days it is old.", 120)
    weight: int = about("How much it counts for the score, of 100.", 25)


class LeadQualityRead(Read):
    """How good the data of a lead is."""

    score: int = about(
        "0 to 100: the weights of the fields that hold a valid value; nothing for a disposable "
        "e-mail address, half for one of a role.",
        70,
    )
    fields: list[FieldQualityRead] = about("Field by field.")
    missing: list[str] = about("Fields that count and are blank.", ["phone"])
    invalid: list[str] = about("Fields whose value cannot be read.", ["country"])
    free_mail: bool = about("Whether the e-mail address is of a free-mail service.", example=False)
    disposable: bool = about("Whether it is thrown away after use.", example=False)
    role_address: bool = about("Whether it is of a role, such as info@.", example=False)


class GroupQualityRead(Read):
    """How good the data of a group of leads is; shares are from 0 to 1."""

    group: str | None = about(
        "The source, or the id of the form or import; null for leads without.", "website"
    )
    label: str | None = about("Its name.", "website")
    leads: int = about("How many leads.", 1_200)
    completeness: int = about("0 to 100: the average weight of the fields that are filled.", 64)
    present: dict[str, float] = about("By field, the share of leads that have it.", {"email": 0.97})
    valid_email: float = about("The share with a valid e-mail address.", 0.95)
    valid_phone: float = about("The share with a valid phone number.", 0.4)
    reachable: float = about(
        "The share with a valid phone number or an e-mail address that is not disposable.", 0.96
    )
    free_mail: float = about("The share with an address of a free-mail service.", 0.31)
    disposable: float = about("The share with a disposable address.", 0.01)

    @classmethod
    def of_group(cls, found: GroupQuality) -> Self:
        """The domain's counts as shares."""

        def share(count: int) -> float:
            return round(count / found.leads, 4) if found.leads else 0.0

        names = ("valid_email", "valid_phone", "reachable", "free_mail", "disposable")
        return cls(
            group=found.group,
            label=found.label,
            leads=found.leads,
            completeness=found.completeness,
            present={name: share(count) for name, count in found.present.items()},
            **{name: share(getattr(found, name)) for name in names},
        )


class DataQualityRead(Read):
    """Data quality by group."""

    data: list[GroupQualityRead] = about("The 200 largest groups, the largest first.")
