"""What has to be known to read the cells of a file: read once, before its first row."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from app.adapters import normalisers
from app.domain.intake.import_cells import Known
from app.domain.intake.import_fields import ValueType, target_named
from app.repositories.unit_of_work import UnitOfWork


async def knowledge(
    uow: UnitOfWork, rules: Iterable[Mapping[str, Any]], options: Mapping[str, Any]
) -> Known:
    """What the cells of these rules may name."""
    names = [rule["to"] for rule in rules if rule.get("to")]
    types = {target.type for name in names if (target := target_named(name))}
    settings = await uow.workspace_settings.get(uow.workspace_id)
    lookups = uow.imports.lookups
    return Known(
        email=normalisers.email,
        phone=partial(_phone, country=settings.default_country),
        currency=normalisers.currency,
        currency_digits=normalisers.currency_digits,
        custom_fields=await uow.custom_fields.by_key(),
        campaigns=await lookups.campaigns() if ValueType.CAMPAIGN in types else {},
        owners=await lookups.owners() if ValueType.OWNER in types else {},
        teams=await lookups.teams() if ValueType.TEAM in types else {},
        zone=ZoneInfo(settings.time_zone),
        default_currency=options.get("currency") or settings.default_currency,
        default_country=settings.default_country,
        now=uow.now,
    )


def _phone(text: str, *, country: str | None) -> str | None:
    return normalisers.phone(text, country)
