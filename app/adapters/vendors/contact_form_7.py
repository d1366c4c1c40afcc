"""Contact Form 7, by any of the plugins that post its submissions to a URL."""

from typing import Any

from app.adapters.vendors import VendorLead, shapes
from app.adapters.vendors.bodies import parse_answers
from app.adapters.vendors.names import suggested
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery

# Special mail tags and the form's own machinery.
_MACHINERY = ("_wpcf7", "_wpnonce", "_wp_http_referer", "g-recaptcha-response", "cf-turnstile")
_ABOUT = {
    "_url": "page_url",
    "_post_url": "page_url",
    "_post_title": "page_title",
    "_remote_ip": "remote_ip",
    "_user_agent": "user_agent",
    "_serial_number": "serial_number",
    "form_id": "form_id",
    "form_title": "form_title",
    "form_name": "form_title",
}


class ContactForm7(Webhook):
    """Its fields are called your-name, your-email, your-message unless somebody changed them."""

    name = "contact_form_7"

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Answers by the names of the fields; JSON or a form."""
        body = parse_answers(delivery.raw, delivery.content_type)
        about: dict[str, Any] = {}
        answers: dict[str, Any] = {}
        for name, value in body.items():
            if name in _ABOUT or name.startswith(_MACHINERY):
                about.setdefault(_ABOUT.get(name, name), value)
            else:
                answers[name] = value
        page_url = shapes.url(about.get("page_url"))
        page_utm, page_click_ids = shapes.tags_of(page_url)
        utm, click_ids = shapes.tags_in(answers)
        subject = shapes.text(shapes.only(answers.get("your-subject")))
        return VendorLead(
            answers=answers,
            fields=suggested(answers),
            about=shapes.filled(about),
            summary=subject if subject and len(subject) <= 2_000 else None,
            page_url=page_url,
            utm=page_utm | utm,
            click_ids=page_click_ids | click_ids,
        )
