"""Pages of a form as HTML, with the headers that keep them from doing anything else."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from app.api.pages.questions import consents_of, errors_of, questions_of
from app.api.pages.texts import TEXTS
from app.domain.errors import FieldError
from app.domain.intake.form_posts import CONSENT, KEY, PROOF_OF_WORK
from app.domain.intake.forms import Form

HERE = Path(__file__).parent
# Of what came with a post these are made anew for the next one.
_NOT_CARRIED = (KEY, PROOF_OF_WORK, CONSENT)

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Written by us: as it is, and known to the policy by its hash.
_PAGE_STYLE = (HERE / "page.css").read_text("utf-8")
_EMBEDDED_STYLE = (HERE / "embedded.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_PAGE_STYLE.encode()).digest()).decode()


def form_page(
    form: Form,
    token: str,
    values: Mapping[str, Sequence[Any]],
    errors: Sequence[FieldError] = (),
    *,
    query: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The page with the form. `values` are names and values as a post has them: what was typed
    stays, and names that start with `tl_` are carried on. `query` is that of the page's address.
    """
    found = errors_of(form, errors)
    return _page(
        form,
        "form.html",
        status,
        title=form.name,
        token=token,
        action=f"{token}?{query}" if query else token,
        carried=_carried(values),
        errors=found,
        questions=questions_of(form, values, found),
        consents=consents_of(form, values, found),
        honeypot=form.definition.protection.honeypot,
    )


def success_page(form: Form, status: int = 200) -> HTMLResponse:
    """What follows when the form was sent and has no page of its own for that."""
    message = form.definition.success.message or TEXTS["sent"]
    return message_page(form.name, message, form=form, status=status)


def closed_page(form: Form) -> HTMLResponse:
    """A form that was archived."""
    return message_page(form.name, TEXTS["closed"], form=form, status=410)


def message_page(
    title: str, *paragraphs: str, form: Form | None = None, status: int = 200, back: str = ""
) -> HTMLResponse:
    """A heading and what there is to say; `back` is an address to go on from."""
    return _page(form, "message.html", status, title=title, paragraphs=paragraphs, back=back)


def private_page(
    template: str, status: int = 200, *, target: str | None = None, **told: Any
) -> HTMLResponse:
    """A page whose address is a secret: it is told to nobody, framed by nobody and indexed by
    nobody. `target` is where its form leads in the end."""
    page = _page(None, template, status, **told)
    targets = ["'self'", *_origin(target)]
    page.headers["Content-Security-Policy"] = "; ".join(
        [
            "default-src 'none'",
            f"style-src 'sha256-{_STYLE_HASH}'",
            f"form-action {' '.join(targets)}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )
    page.headers["Referrer-Policy"] = "no-referrer"
    page.headers["X-Robots-Tag"] = "noindex, nofollow"
    return page


def embedded_form(form: Form, action: str) -> str:
    """The form as the script puts it on another page."""
    return _templates.get_template("embedded.html").render(
        text=TEXTS,
        style=_EMBEDDED_STYLE,
        closed=form.archived_at is not None,
        action=action,
        questions=questions_of(form, {}, (), embedded=True),
        consents=consents_of(form, {}, ()),
        honeypot=form.definition.protection.honeypot,
    )


def embedded_trap(form: Form) -> str:
    """The field that people cannot see, for a form that the page has already."""
    honeypot = form.definition.protection.honeypot
    if not honeypot:
        return ""
    module = _templates.get_template("fields.html").make_module({"text": TEXTS})
    return str(module.trap(honeypot)).strip()  # type: ignore[attr-defined]


def _page(form: Form | None, template: str, status: int, **told: Any) -> HTMLResponse:
    html = _templates.get_template(template).render(text=TEXTS, style=_PAGE_STYLE, **told)
    headers = {
        "Content-Security-Policy": _policy(form),
        # Without it the browser would post without saying from where.
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status, headers)


def _policy(form: Form | None) -> str:
    """Nothing but our own style and script; framed only by the sites that may use the form."""
    framing, targets = ["'self'"], ["'self'"]
    if form is not None:
        framing += form.allowed_origins
        targets += _origin(form.definition.success.redirect_url)
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src 'sha256-{_STYLE_HASH}'",
            "script-src 'self'",
            "connect-src 'self'",
            # Browsers hold the redirect that follows a post against it as well.
            f"form-action {' '.join(targets)}",
            f"frame-ancestors {' '.join(framing)}",
            "base-uri 'none'",
        ]
    )


def _origin(url: str | None) -> list[str]:
    parts = urlsplit(url or "")
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


def _carried(values: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
    return [
        (name, str(value))
        for name, several in values.items()
        if name.startswith("tl_") and not name.startswith(_NOT_CARRIED)
        for value in several[-1:]
    ]
