"""How each vendor signs its calls."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from tests.adapters.vendors.calls import SECRET


def hex_of(*pieces: bytes, secret: bytes = SECRET) -> str:
    return hmac.new(secret, b"".join(pieces), hashlib.sha256).hexdigest()


def _base64(*pieces: bytes, secret: bytes = SECRET) -> str:
    digest = hmac.new(secret, b"".join(pieces), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _calendly(raw: bytes, at: datetime) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    signature = hex_of(sent.encode(), b".", raw)
    return {"calendly-webhook-signature": f"t={sent},v1={signature}"}


def _webflow(raw: bytes, at: datetime) -> dict[str, str]:
    sent = str(int(at.timestamp() * 1000))
    return {
        "x-webflow-timestamp": sent,
        "x-webflow-signature": hex_of(sent.encode(), b":", raw),
    }


def _standard(raw: bytes, at: datetime) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    signature = _base64(f"msg_1.{sent}.".encode(), raw)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,AAAA v1,{signature}",
    }


def shared(raw: bytes, at: datetime) -> dict[str, str]:
    del raw, at
    return {"x-webhook-secret": SECRET.decode()}


# How a genuine call of each vendor with a secret is signed, and whether its age is a part of it.
SIGNED: dict[str, tuple[Callable[[bytes, datetime], dict[str, str]], bool]] = {
    "meta_lead_ads": (lambda raw, _: {"x-hub-signature-256": f"sha256={hex_of(raw)}"}, False),
    "linkedin": (lambda raw, _: {"x-li-signature": hex_of(b"hmacsha256=", raw)}, False),
    "typeform": (lambda raw, _: {"typeform-signature": f"sha256={_base64(raw)}"}, False),
    "calendly": (_calendly, True),
    "webflow": (_webflow, True),
    "generic_json": (_standard, True),
}
SHARED = ("elementor", "gravity_forms", "contact_form_7", "unbounce", "mailchimp", "email")
