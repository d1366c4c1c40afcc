"""What a touchpoint keeps of a post: every answer as given, within bounds."""

import json
from collections.abc import Mapping
from typing import Any

from app.domain.intake.form_posts import KEY, PROOF_OF_WORK, RENDERED_AT, FormPost
from app.domain.intake.forms import Form
from app.domain.intake.storable import storable
from app.domain.intake.submissions import Finding

LARGEST_PAYLOAD = 64_000

# Of the post as such, and nothing that a visitor answers.
_TECHNICAL = frozenset({KEY, RENDERED_AT, PROOF_OF_WORK})


def payload_of(
    form: Form, post: FormPost, told_elsewhere: frozenset[str]
) -> tuple[dict[str, Any], list[Finding]]:
    """The payload, and what had to be changed for it to be kept.

    Names that are no fields of the form come under `other`, but those `told_elsewhere`.
    """
    notes: list[Finding] = []
    answers: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, values in post.by_name.items():
        if name in _TECHNICAL or name in told_elsewhere:
            continue
        kept = [storable(value) for value in values]
        if kept != values or storable(name) != name:
            detail = "characters that cannot be stored were replaced"
            notes.append(Finding(code="unreadable_text", detail=detail, field=storable(name)[:200]))
        given = kept[0] if len(kept) == 1 else kept
        field = form.definition.field_of(name)
        (answers if field else other)[storable(name)] = given
    payload: dict[str, Any] = {"form_id": str(form.id), "answers": answers}
    if other := {name: given for name, given in other.items() if given not in ("", None)}:
        payload["other"] = other
    if post.files:
        payload["files"] = [storable(vars(file)) for file in post.files]
    if _size(payload) > LARGEST_PAYLOAD:
        payload = _shortened(payload)
        detail = f"the answers have more than {LARGEST_PAYLOAD:,} bytes; only lengths are shown"
        notes.append(Finding(code="payload_shortened", detail=detail))
    return payload, notes


def _shortened(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the length of each answer in its place; the stored body has the answers."""
    short = {"form_id": payload["form_id"], "shortened": True}
    for part in ("answers", "other"):
        if part in payload:
            short[part] = {
                name: {"characters": len(_as_json(given))} for name, given in payload[part].items()
            }
    if "files" in payload:
        short["files"] = {"count": len(payload["files"])}
    if _size(short) > LARGEST_PAYLOAD and "other" in short:
        short["other"] = {"count": len(payload["other"])}
    return short


def _size(payload: Mapping[str, Any]) -> int:
    return len(_as_json(payload).encode())


def _as_json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
