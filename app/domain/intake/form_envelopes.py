"""What a program that sends a post with its own key says besides the answers."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.domain.intake.form_posts import FormPost
from app.domain.intake.storable import is_storable
from app.domain.leads.identities import Identity, IdentityKind

_LONGEST_SYSTEM = 50
_LONGEST_ID = 255


@dataclass(frozen=True, kw_only=True)
class ToldBySender:
    """`read` has the names of the post that are told here."""

    references: list[Identity] = field(default_factory=list)
    campaign_id: UUID | None = None
    is_test: bool = False
    read: frozenset[str] = frozenset()


def told_by_sender(post: FormPost) -> ToldBySender:
    """The members of the JSON beside `fields`; what does not fit stays among the answers."""
    campaign_id = _id(_last(post, "campaign_id"))
    listed = _last(post, "external_references")
    references = [_reference(item) for item in listed] if isinstance(listed, list) else []
    sound = [reference for reference in references if reference is not None]
    read = {"form_id", "is_test"}
    read |= {"campaign_id"} if campaign_id else set()
    read |= {"external_references"} if len(sound) == len(references) else set()
    return ToldBySender(
        references=sound,
        campaign_id=campaign_id,
        is_test=_last(post, "is_test") is True,
        read=frozenset(read),
    )


def _last(post: FormPost, name: str) -> Any:
    values = post.by_name.get(name)
    return values[-1] if values else None


def _id(text: Any) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _reference(item: Any) -> Identity | None:
    if not isinstance(item, dict):
        return None
    system, value = item.get("system"), item.get("external_id")
    if not isinstance(system, str) or not isinstance(value, str):
        return None
    fits = 0 < len(system) <= _LONGEST_SYSTEM and 0 < len(value) <= _LONGEST_ID
    if not fits or not is_storable(system + value):
        return None
    return Identity(IdentityKind.EXTERNAL, value, system)
