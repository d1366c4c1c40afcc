"""The script that shows a form on any page: one file of ours, and behind it what the form is."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from app.api.pages.rendering import embedded_form, embedded_trap
from app.api.pages.texts import TEXTS
from app.api.schemas.intake.hosted_forms import ScriptForm
from app.domain.intake.forms import Form

# The only place where the form goes in.
_PLACE = ")(FORM);"
_BEFORE, _, _AFTER = (Path(__file__).parent / "form.js").read_text("utf-8").rpartition(_PLACE)


class Script(NamedTuple):
    """The bytes, and what tells them from other ones."""

    body: bytes
    etag: str


@lru_cache(maxsize=500)
def script_of(form: Form, token: str) -> Script:
    """The script of one form, made once for as long as the form is remembered as it is."""
    # No "<" in it: whoever pastes it into a page must not end a script element there.
    told = ScriptForm.of_form(
        form, token, html=embedded_form(form, token), trap=embedded_trap(form), text=TEXTS
    )
    written = told.model_dump_json().replace("<", "\\u003c")
    body = f"{_BEFORE})({written});{_AFTER}".encode()
    return Script(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
