"""What can be said of a form's post while its sender is still there to put it right."""

from dataclasses import dataclass, field
from uuid import UUID

from app.domain.errors import FieldError, Unavailable
from app.domain.intake.form_posts import VISITOR, FormPost
from app.domain.intake.forms import Form
from app.platform.secrets import Secrets
from app.services.intake.directory import Directory
from app.services.intake.form_reading import fingerprint_parts, missing_in


@dataclass(frozen=True)
class Seen:
    """The form, what is missing or wrong, and what tells the post from others.

    `certain` is False while the database is silent and the form was not known before: then the
    post is taken as it is.
    """

    form: Form | None
    certain: bool = True
    problems: list[FieldError] = field(default_factory=list)
    parts: bytes | None = None


def fingerprint_of(
    secrets: Secrets, workspace_id: UUID, form_id: UUID, seen: Seen, post: FormPost
) -> bytes | None:
    """What tells a repeat: the same answers to the same form from the same visitor."""
    if seen.parts is None:
        return None
    visitor = (post.text(VISITOR) or "").encode(errors="surrogatepass")
    return secrets.sign("fingerprint", workspace_id.bytes, form_id.bytes, seen.parts, visitor)


async def at_the_form(
    forms: Directory[Form], workspace_id: UUID, form_id: UUID, post: FormPost
) -> Seen:
    """Look at a post before it is taken in."""
    try:
        form = await forms.find(workspace_id, form_id)
    except Unavailable:
        return Seen(None, certain=False)
    if form is None:
        return Seen(None)
    return Seen(form, problems=missing_in(form, post), parts=fingerprint_parts(form, post))
