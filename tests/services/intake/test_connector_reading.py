"""A reading never fails on content, whatever vendor it is of and whatever the mapping says."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from app.domain.intake.connectors import Connector, VendorName
from app.domain.intake.storable import storable
from app.domain.intake.submissions import Reading
from app.services.intake.connector_reading import LARGEST_PAYLOAD, read_connector
from tests.adapters.vendors.calls import BODIES, GENERIC, JSON, NOW, as_json, delivery_of
from tests.adapters.vendors.test_hostile import HOSTILE, JSON_VALUES

MAPPING = [
    {"to": "full_name", "from": ["$.first", "$.fields[*].value"], "combine": " "},
    {"to": "custom.x", "from": "$.vendor.form_id", "default": 1},
    {"to": "company", "from": "$.a.b[0]", "split": {"part": "last"}},
]


def connector(vendor: str, **told: Any) -> Connector:
    plain: dict[str, Any] = {
        "workspace_id": UUID(int=1),
        "id": UUID(int=3),
        "name": "X",
        "vendor": vendor,
        "active": True,
        "verify_signature": True,
        "secret_sealed": None,
        "access_token_sealed": None,
        "api_url": None,
        "touch_kind": None,
        "source": None,
        "campaign_id": None,
        "default_country": None,
        "mapping": [],
        "consent_purposes": {},
        "success": {},
        "archived_at": None,
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    return Connector(**(plain | told))


def check(reading: Reading) -> None:
    """It can be stored, and its touch has all that was said."""
    touch = reading.touch
    assert touch is not None
    assert touch.payload is not None
    written = json.dumps(touch.payload, ensure_ascii=False, allow_nan=False)
    assert len(written) <= LARGEST_PAYLOAD + 1_000
    told = [reading.fields, touch.payload, touch.summary, touch.external_id, touch.utm]
    plain = json.loads(json.dumps(told))
    assert storable(plain) == plain
    assert touch.occurred_at is not None
    assert touch.occurred_at <= NOW + timedelta(days=1)
    assert (touch.source_system is None) == (touch.external_id is None)
    assert len(touch.external_id or "") <= 255


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_bodies_become_readings(body: str) -> None:
    for vendor in VendorName:
        for mapping in ([], MAPPING):
            made = connector(vendor, mapping=mapping)
            for content_type in (JSON, BODIES[vendor][1], "multipart/form-data; boundary=x"):
                check(read_connector(made, delivery_of(vendor, HOSTILE[body], content_type)))
            check(read_connector(made, delivery_of(vendor, fetched=HOSTILE[body])))


@settings(max_examples=40, deadline=None)
@given(value=JSON_VALUES)
def test_any_json_becomes_a_reading(value: Any) -> None:
    for vendor in VendorName:
        check(
            read_connector(
                connector(vendor, mapping=MAPPING),
                delivery_of(vendor, json.dumps(value).encode(), JSON),
            )
        )


def test_answers_that_are_too_much_are_told_by_their_length() -> None:
    body = as_json(GENERIC | {"essay": "x" * 100_000})
    reading = read_connector(connector("generic_json"), delivery_of("generic_json", body))
    check(reading)
    assert [note.code for note in reading.notes] == ["payload_shortened"]
    assert reading.touch is not None
    assert reading.touch.payload is not None
    assert reading.touch.payload["answers"]["essay"] == {"characters": 100_000}
    assert reading.fields["email"] == "ada@example.com"


def test_an_id_that_is_too_long_still_tells_leads_apart() -> None:
    def external_id(said: str) -> str | None:
        body = as_json(GENERIC | {"event_id": said})
        touch = read_connector(connector("generic_json"), delivery_of("generic_json", body)).touch
        return touch.external_id if touch else None

    first, second = external_id("x" * 300), external_id("x" * 299 + "y")
    assert first != second
    assert first == external_id("x" * 300)
