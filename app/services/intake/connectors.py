"""Connectors: created, read, changed, archived, and tried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.adapters.vendors import Call, Proof
from app.adapters.vendors.registry import VENDORS
from app.domain.intake.connectors import Connector, check_connector
from app.domain.intake.fitting import NOBODY_NAMED, says_something
from app.domain.intake.mapping import check_mapping
from app.domain.intake.submissions import (
    Claimed,
    Delivery,
    Finding,
    Reading,
    SubmissionKind,
)
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType, difference
from app.domain.record.touchpoints import Touchpoint
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_country
from app.services.intake.connector_secrets import with_access_token, with_secret
from app.services.intake.fields import FieldReader
from app.services.intake.reading import Reader
from app.services.patching import check_version
from app.services.record.touchpoints import build_touchpoint

_SEALED = {"secret": "secret_sealed", "access_token": "access_token_sealed"}
_NORMALISED = ("email_norm", "phone_norm", "country_code", "web_domain")


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What one part of a call would become."""

    vendor_id: str | None
    reading: Reading
    columns: dict[str, Any]
    normalised: dict[str, Any]
    custom: dict[str, Any]
    touch: Touchpoint | None
    holds: list[Finding]
    notes: list[Finding]


class ConnectorService:
    """Use cases of connectors."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any], secrets: Secrets) -> Connector:
        """A new connector; what is secret of it is sealed at once."""
        now = self._uow.now
        open_fields = {name: value for name, value in fields.items() if name not in _SEALED}
        connector = Connector(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            secret_sealed=None,
            access_token_sealed=None,
            archived_at=None if fields["active"] else now,
            created_at=now,
            updated_at=now,
            version=1,
            **open_fields,
        )
        connector = _sealed(secrets, connector, fields)
        _check(connector)
        await self._uow.connectors.add(connector)
        told = {name: getattr(connector, name) for name in ("name", "vendor", "active")}
        self._uow.record(EventType.CONNECTOR_CREATED, "connector", connector.id, told)
        await self._uow.flush()
        return connector

    async def get(self, connector_id: UUID) -> Connector:
        """One connector, archived or not."""
        return await self._uow.connectors.get(connector_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Connector]:
        """A page of connectors, narrowed to these values of columns."""
        return await self._uow.connectors.page(request, filters)

    async def update(
        self,
        connector_id: UUID,
        fields: Mapping[str, Any],
        if_match: int | None,
        secrets: Secrets,
    ) -> Connector:
        """Change the given fields; of `success` the given members."""
        before = await self._uow.connectors.get(connector_id, lock=True)
        check_version(before.version, if_match)
        changed = {name: value for name, value in fields.items() if name not in _SEALED}
        if "success" in changed:
            changed["success"] = before.success | changed["success"]
        if "active" in changed and changed["active"] != before.active:
            changed["archived_at"] = None if changed["active"] else self._uow.now
        after = _sealed(secrets, replace(before, **changed), fields)
        _check(after)
        changes = {n: v for n, v in vars(after).items() if getattr(before, n, v) != v}
        if not changes:
            return before
        stamp = {"updated_at": self._uow.now, "version": before.version + 1}
        stored = await self._uow.connectors.change(connector_id, changes | stamp)
        archives = changes.get("archived_at") is not None
        event = EventType.CONNECTOR_ARCHIVED if archives else EventType.CONNECTOR_UPDATED
        told = {"changes": _told_changes(before, changes)}
        self._uow.record(event, "connector", connector_id, told)
        await self._uow.flush()
        return stored

    async def archive(self, connector_id: UUID, if_match: int | None, secrets: Secrets) -> None:
        """Close the connector. It stays, for what came by it is on record."""
        await self.update(connector_id, {"active": False}, if_match, secrets)

    async def rehearse(self, connector_id: UUID, call: Call) -> list[Rehearsal]:
        """What a call with this body would become, part by part; nothing is stored."""
        connector = await self._uow.connectors.get(connector_id)
        parts = VENDORS[connector.vendor].parts(call)
        reader = Reader(self._uow, {}, {connector.id: connector})
        readings = []
        for number, part in enumerate(parts):
            delivery = Delivery(
                workspace_id=self._uow.workspace_id,
                id=new_id(),
                kind=SubmissionKind.CONNECTOR,
                received_at=self._uow.now,
                raw=call.raw,
                body_hash=b"",
                content_type=call.content_type,
                query=call.query,
                connector_id=connector.id,
                part=number,
                is_test=part.is_test,
            )
            readings.append(reader.read(Claimed(delivery=delivery, released=False, attempts=0)))
        columns_of = await FieldReader.for_workspace(self._uow, readings)
        return [
            self._rehearsed(connector, part.vendor_id, reading, columns_of)
            for part, reading in zip(parts, readings, strict=True)
        ]

    def _rehearsed(
        self,
        connector: Connector,
        vendor_id: str | None,
        reading: Reading,
        columns_of: FieldReader,
    ) -> Rehearsal:
        columns, unfit = columns_of.read(reading)
        holds = list(reading.holds)
        if not (holds or reading.fetch or says_something(reading.fields)):
            holds.append(NOBODY_NAMED)
        touch = reading.touch
        return Rehearsal(
            vendor_id=vendor_id,
            reading=reading,
            columns={name: columns[name] for name in columns_of.typed(columns) if name != "custom"},
            normalised={name: columns[name] for name in _NORMALISED if columns.get(name)},
            custom=columns["custom"],
            touch=build_touchpoint(self._uow, connector.id, touch) if touch else None,
            holds=holds,
            notes=[*reading.notes, *unfit],
        )


def _sealed(secrets: Secrets, connector: Connector, fields: Mapping[str, Any]) -> Connector:
    """With the secrets that are given among the fields; null takes one away."""
    if "secret" in fields:
        connector = with_secret(secrets, connector, fields["secret"])
    if "access_token" in fields:
        connector = with_access_token(secrets, connector, fields["access_token"])
    return connector


def _check(connector: Connector) -> None:
    vendor = VENDORS[connector.vendor]
    check_mapping(connector.mapping)
    if connector.default_country is not None:
        check_country(connector.default_country, "/default_country")
    check_connector(
        connector,
        needs_secret=vendor.proof is Proof.SIGNATURE,
        takes_secret=vendor.proof is not Proof.NONE,
        fetches=vendor.fetches,
    )


def _told_changes(before: Connector, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as the journal may have them: of a secret only that there is another."""
    told: dict[str, Any] = difference(
        vars(before), {n: v for n, v in changes.items() if n not in _SEALED.values()}
    )
    for name, column in _SEALED.items():
        if column in changes:
            was, is_now = getattr(before, column) is not None, changes[column] is not None
            told[f"{name}_set"] = {"before": was, "after": is_now}
    return told
