"""The mail that asks for a confirmation.

Nothing of what was typed into the form stands in it: else anybody could have us send anything to
anybody.
"""

from html import escape
from uuid import UUID

from app.adapters.mail import Mail
from app.domain.intake.forms import CONFIRM_SUBJECT, DoubleOptIn

_MESSAGE = "Please confirm that this is your e-mail address and that you sent us the form."
_OTHERWISE = "If it was not you, there is nothing to do: without a confirmation nothing happens."

_HTML = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:36em">
{paragraphs}
<p><a href="{link}" style="display:inline-block;padding:12px 20px;border-radius:6px;\
background:#1d4ed8;color:#ffffff;text-decoration:none">{subject}</a></p>
<p style="word-break:break-all"><a href="{link}">{link}</a></p>
<p>{otherwise}</p>
</div>
</body>
</html>
"""


def confirmation_mail(asks: DoubleOptIn, *, to: str, link: str, reference: UUID) -> Mail:
    """The mail, as text and as HTML."""
    subject = asks.subject or CONFIRM_SUBJECT
    message = (asks.message or _MESSAGE).strip()
    # Words of the form's owner, in whatever language, are not followed by English ones.
    otherwise = "" if asks.message else _OTHERWISE
    paragraphs = "\n".join(
        f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in message.split("\n\n")
    )
    html = _HTML.format(
        subject=escape(subject),
        paragraphs=paragraphs,
        link=escape(link),
        otherwise=escape(otherwise),
    )
    text = "\n\n".join(part for part in (message, link, otherwise) if part)
    return Mail(to=to, subject=subject, text=text, html=html, reference=reference)
