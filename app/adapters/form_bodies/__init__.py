"""The body of a form post, read as far as it can be: never an exception, whatever was sent.

What cannot be read is told in `holds`; the stored body has it all the same.
"""

from dataclasses import replace

from app.adapters.form_bodies.json_posts import looks_like_json, read_json_post
from app.adapters.form_bodies.multipart import read_multipart
from app.adapters.form_bodies.text_posts import (
    looks_urlencoded,
    read_text_lines,
    read_urlencoded,
)
from app.domain.intake.form_posts import FormPost
from app.domain.intake.submissions import Finding


def parse_form_body(raw: bytes, content_type: str) -> FormPost:
    """The post that a body is, by its media type; what has none is judged by its looks."""
    essence, parameters = _media_type(content_type)
    charset = parameters.get("charset", "")
    if not raw.strip():
        return FormPost(holds=[Finding(code="empty_body", detail="nothing was sent")])
    if essence == "multipart/form-data":
        return read_multipart(raw, parameters.get("boundary", ""), charset)
    # Scripts send the other two as text to spare themselves a question to the server beforehand.
    bare = essence in ("", "text/plain")
    if _is_json(essence) or (bare and looks_like_json(raw)):
        return read_json_post(raw)
    if essence == "application/x-www-form-urlencoded":
        return _read_as_declared(raw, charset)
    if bare and looks_urlencoded(raw):
        return read_urlencoded(raw, charset)
    if bare:
        return read_text_lines(raw, charset)
    detail = f"a form cannot read {essence[:100]}"
    return FormPost(holds=[Finding(code="unreadable_body", detail=detail)])


def _read_as_declared(raw: bytes, charset: str) -> FormPost:
    """Names and values, unless it is JSON whose sender left the type to a default."""
    if looks_like_json(raw) and not (post := read_json_post(raw)).holds:
        detail = "the body is JSON, though Content-Type says otherwise"
        return replace(post, notes=[Finding(code="media_type_guessed", detail=detail)])
    return read_urlencoded(raw, charset)


def _is_json(essence: str) -> bool:
    return essence == "application/json" or essence.endswith("+json")


def _media_type(content_type: str) -> tuple[str, dict[str, str]]:
    essence, *rest = content_type.split(";")
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters.setdefault(name.strip().lower(), value.strip().strip('"'))
    return essence.strip().lower(), parameters
