"""Calls as the vendors make them: one realistic body of each."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.adapters.vendors import Call
from app.domain.intake.submissions import Delivery, SubmissionKind

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SECRET = b"s3cret-of-the-connector"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

# Beyond 2**53, where a reader that knows only floating-point numbers changes digits.
BIG = 9_007_199_254_740_993
BIGGER = 120_210_000_123_456_789_012_345

SALESFORCE = urlencode(
    {
        "oid": "00D5g000008abcD",
        "retURL": "https://www.example.com/thanks?from=form",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "ada@example.com",
        "company": "Analytical Engines",
        "mobile": "+44 20 7946 0958",
        "state": "London",
        "zip": "SW1Y 4JH",
        "country": "United Kingdom",
        "URL": "https://engines.example",
        "employees": "1,200",
        "lead_source": "Web",
        "Campaign_ID": "7015g000000XyzA",
        "member_status": "Responded",
        "emailOptOut": "1",
        "00N5g00000AbCdE": "Difference engine",
        "utm_source": "google",
        "utm_medium": "cpc",
        "captcha_settings": '{"keyname":"k"}',
        "submit": "Send",
    }
)

HUBSPOT: dict[str, Any] = {
    "submittedAt": "1772443800000",
    "fields": [
        {"objectTypeId": "0-1", "name": "email", "value": "ada@example.com"},
        {"objectTypeId": "0-1", "name": "firstname", "value": "Ada"},
        {"name": "lastname", "value": "Lovelace"},
        {"objectTypeId": "0-2", "name": "name", "value": "Analytical Engines"},
        {"objectTypeId": "0-1", "name": "interests", "value": "steam;brass"},
    ],
    "context": {
        "hutk": "60c2ccdfe4892f0fa0593940b12c11aa",
        "ipAddress": "198.51.100.7",
        "pageUri": "https://www.example.com/demo?utm_source=linkedin&utm_campaign=q1&gclid=Cj0K",
        "pageName": "Demo",
        "sfdcCampaignId": "7015g000000XyzA",
    },
    "legalConsentOptions": {
        "consent": {
            "consentToProcess": True,
            "text": "I agree to Example storing my data.",
            "communications": [
                {"value": True, "subscriptionTypeId": 999, "text": "News, please."},
                {"value": False, "subscriptionTypeId": 1000, "text": "Offers, please."},
            ],
        }
    },
}

GOOGLE: dict[str, Any] = {
    "lead_id": "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz-0123456789",
    "user_column_data": [
        {"column_name": "Full Name", "string_value": "Ada Lovelace", "column_id": "FULL_NAME"},
        {"column_name": "", "string_value": "ada@example.com", "column_id": "EMAIL"},
        {"column_name": "", "string_value": "+442079460958", "column_id": "PHONE_NUMBER"},
        {"column_name": "Which engine?", "string_value": "Difference"},
    ],
    "api_version": "1.0",
    "form_id": BIG,
    "campaign_id": BIGGER,
    "adgroup_id": 20000000000,
    "creative_id": 30000000000,
    "google_key": SECRET.decode(),
    "is_test": True,
    "gcl_id": "CjwKCAjw_gclid",
}

META: dict[str, Any] = {
    "object": "page",
    "entry": [
        {
            "id": "1234",
            "time": 1772443800,
            "changes": [
                {
                    "field": "leadgen",
                    "value": {
                        "leadgen_id": BIG,
                        "page_id": 55,
                        "form_id": BIGGER,
                        "adgroup_id": 66,
                        "ad_id": 77,
                        "created_time": 1772443795,
                    },
                },
                {"field": "feed", "value": {"item": "post"}},
            ],
        },
        {
            "id": "1234",
            "time": 1772443801,
            "changes": [{"field": "leadgen", "value": {"leadgen_id": "444444444444"}}],
        },
    ],
}
META_LEAD: dict[str, Any] = {
    "id": str(BIG),
    "created_time": "2026-03-02T09:29:55+0000",
    "ad_id": "77",
    "form_id": str(BIGGER),
    "field_data": [
        {"name": "full_name", "values": ["Ada Lovelace"]},
        {"name": "email", "values": ["ada@example.com"]},
        {"name": "phone_number", "values": ["+442079460958"]},
        {"name": "which_engines?", "values": ["Difference", "Analytical"]},
    ],
}

LINKEDIN: dict[str, Any] = {
    "type": "LEAD_ACTION",
    "leadGenFormResponse": "urn:li:leadGenFormResponse:7a4b-1",
    "leadGenForm": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:3162,1)",
    "owner": {"sponsoredAccount": "urn:li:sponsoredAccount:518"},
    "leadType": "SPONSORED",
    "leadAction": "CREATED",
    "occurredAt": 1772443800000,
}
LINKEDIN_LEAD: dict[str, Any] = {
    "id": "7a4b-1",
    "leadType": "SPONSORED",
    "submittedAt": 1772443799000,
    "testLead": False,
    "leadMetadata": {"sponsoredLeadMetadata": {"campaign": "urn:li:sponsoredCampaign:881"}},
    "form": {
        "hiddenFields": [{"name": "utm_source", "value": "linkedin"}],
        "content": {
            "questions": [
                {"questionId": 1, "predefinedField": "FIRST_NAME"},
                {"questionId": 2, "predefinedField": "WORK_EMAIL"},
                {
                    "questionId": BIG,
                    "name": "engine",
                    "questionDetails": {
                        "multipleChoiceQuestionDetails": {
                            "options": [
                                {"id": 1, "text": {"localized": {"en_US": "Difference"}}},
                                {"id": 2, "text": {"localized": {"en_US": "Analytical"}}},
                            ]
                        }
                    },
                },
            ]
        },
    },
    "formResponse": {
        "answers": [
            {"questionId": 1, "answerDetails": {"textQuestionAnswer": {"answer": "Ada"}}},
            {"questionId": 2, "answerDetails": {"textQuestionAnswer": {"answer": "ada@e.example"}}},
            {"questionId": BIG, "answerDetails": {"multipleChoiceAnswer": {"options": [2]}}},
        ],
        "consentResponses": [{"consentId": 4, "accepted": True}],
    },
}

TYPEFORM: dict[str, Any] = {
    "event_id": "01HQ",
    "event_type": "form_response",
    "form_response": {
        "form_id": "lT4Z3j",
        "token": "a3a12ec67a1365927098a606107fac15",
        "landed_at": "2026-03-02T09:25:00Z",
        "submitted_at": "2026-03-02T09:29:00Z",
        "hidden": {"utm_source": "newsletter", "plan": "pro"},
        "calculated": {"score": 9},
        "definition": {
            "id": "lT4Z3j",
            "title": "Contact",
            "fields": [
                {"id": "f1", "title": "What is your first name?", "ref": "r1"},
                {"id": "f2", "title": "Company", "ref": "r2"},
            ],
        },
        "answers": [
            {"type": "text", "text": "Ada", "field": {"id": "f1", "ref": "r1"}},
            {"type": "text", "text": "Engines", "field": {"id": "f2", "ref": "r2"}},
            {"type": "email", "email": "ada@example.com", "field": {"id": "f3", "ref": "r3"}},
            {"type": "phone_number", "phone_number": "+4420", "field": {"id": "f4", "ref": "r4"}},
            {"type": "number", "number": BIG, "field": {"id": "f5", "ref": "r5"}},
            {"type": "boolean", "boolean": True, "field": {"id": "f6", "ref": "r6"}},
            {"type": "choice", "choice": {"label": "Brass"}, "field": {"id": "f7", "ref": "r7"}},
            {
                "type": "choices",
                "choices": {"labels": ["A", "B"], "other": "C"},
                "field": {"id": "f8", "ref": "r8"},
            },
        ],
    },
}

CALENDLY: dict[str, Any] = {
    "event": "invitee.created",
    "created_at": "2026-03-02T09:28:00.123456Z",
    "created_by": "https://api.calendly.com/users/AAA",
    "payload": {
        "uri": "https://api.calendly.com/scheduled_events/EEE/invitees/III",
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "first_name": None,
        "last_name": None,
        "status": "active",
        "timezone": "Europe/London",
        "text_reminder_number": "+44 20 7946 0958",
        "rescheduled": False,
        "questions_and_answers": [
            {"question": "Company", "answer": "Engines", "position": 0},
            {"question": "What do you need?", "answer": "Steam", "position": 1},
        ],
        "tracking": {
            "utm_campaign": "spring",
            "utm_source": "newsletter",
            "utm_medium": None,
            "salesforce_uuid": None,
        },
        "scheduled_event": {
            "uri": "https://api.calendly.com/scheduled_events/EEE",
            "name": "Demo, 30 minutes",
            "start_time": "2026-03-05T14:00:00.000000Z",
        },
    },
}

WEBFLOW: dict[str, Any] = {
    "triggerType": "form_submission",
    "payload": {
        "name": "Contact Us",
        "siteId": "65427cf400e02b306eaa049c",
        "data": {
            "First Name": "Ada",
            "Last Name": "Lovelace",
            "email": "ada@example.com",
            "Phone Number": 442079460958,
        },
        "submittedAt": "2026-03-02T09:29:30.000Z",
        "id": "6321ca84df3949bfc6752327",
        "formId": "65429eadebe8a9f3a30f62d0",
        "pageUrl": "https://www.example.com/?fbclid=IwAR",
    },
}

ELEMENTOR = urlencode(
    {
        "Your Name": "Ada Lovelace",
        "E-Mail": "ada@example.com",
        "No Label field_7c1": "Steam",
        "Page URL": "https://www.example.com/contact/?utm_source=bing",
        "Remote IP": "198.51.100.7",
        "Powered by": "Elementor",
        "form_id": "7c1a",
        "form_name": "Contact",
    }
)
ELEMENTOR_ADVANCED = urlencode(
    {
        "form[id]": "7c1a",
        "form[name]": "Contact",
        "fields[name][id]": "name",
        "fields[name][type]": "text",
        "fields[name][title]": "Name",
        "fields[name][value]": "Ada Lovelace",
        "fields[name][raw_value]": "Ada Lovelace",
        "fields[field_2][id]": "field_2",
        "fields[field_2][type]": "email",
        "fields[field_2][title]": "",
        "fields[field_2][value]": "ada@example.com",
        "meta[page_url][title]": "Page URL",
        "meta[page_url][value]": "https://www.example.com/contact/",
    }
)

GRAVITY: dict[str, Any] = {
    "id": "4711",
    "form_id": "3",
    "date_created": "2026-03-02 09:29:00",
    "source_url": "https://www.example.com/demo/?utm_source=bing",
    "ip": "198.51.100.7",
    "status": "active",
    "1.2": "",
    "1.3": "Ada",
    "1.4": "",
    "1.6": "Lovelace",
    "1.8": "",
    "2": "ada@example.com",
    "5.1": "Brass",
}

CONTACT_FORM_7: dict[str, Any] = {
    "your-name": "Ada Lovelace",
    "your-email": "ada@example.com",
    "your-subject": "Engines",
    "your-message": "Please call.",
    "your-tel": "020 7946 0958",
    "engines": ["Difference", "Analytical"],
    "_wpcf7": "12",
    "_url": "https://www.example.com/contact/",
}

UNBOUNCE = urlencode(
    {
        "page_id": "a2838d98-4cf4-11df-a3fd-00163e372d58",
        "page_name": "Engines",
        "page_url": "http://get.example.com/engines/?gclid=Cj0K",
        "variant": "a",
        "data.json": json.dumps(
            {
                "email": ["ada@example.com"],
                "first_name": ["Ada"],
                "date_submitted": ["2026-03-02"],
                "time_submitted": ["09:29 AM UTC"],
                "ip_address": ["198.51.100.7"],
                "engines": ["Difference", "Analytical"],
            }
        ),
        "data.xml": "<?xml version='1.0'?><form_data/>",
    }
)

MAILCHIMP = urlencode(
    {
        "type": "subscribe",
        "fired_at": "2026-03-02 09:29:57",
        "data[id]": "8a25ff1d98",
        "data[list_id]": "a6b5da1054",
        "data[email]": "ada@example.com",
        "data[email_type]": "html",
        "data[ip_opt]": "198.51.100.7",
        "data[merges][EMAIL]": "ada@example.com",
        "data[merges][FNAME]": "Ada",
        "data[merges][LNAME]": "Lovelace",
        "data[merges][ADDRESS][addr1]": "1 St James's Square",
        "data[merges][ADDRESS][city]": "London",
        "data[merges][INTERESTS]": "Steam, Brass",
    }
)

GENERIC: dict[str, Any] = {
    "event_id": "evt-1",
    "name": "Ada Lovelace",
    "contact": {"mail": "ada@example.com"},
    "email": "ada@example.com",
    "budget": BIGGER,
    "page_url": "https://www.example.com/?utm_source=x",
    "submitted_at": "2026-03-02T09:29:00+01:00",
}

MAIL = b"""\
Return-Path: <ada@example.com>
From: =?utf-8?q?Ada_Lovel=C3=A5ce?= <ada@example.com>
To: sales@example.org
Subject: =?utf-8?b?RW5naW5lcyDwn5qA?=
Date: Mon, 02 Mar 2026 10:29:00 +0100
Message-ID: <CAF123@mail.example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b1"

--b1
Content-Type: multipart/alternative; boundary="b2"

--b2
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Please call me, it is about the caf=E9.
Phone: 020 7946 0958

--b2
Content-Type: text/html; charset=utf-8

<p>Please <b>call</b> me</p>
--b2--

--b1
Content-Type: application/pdf; name="plan.pdf"
Content-Disposition: attachment; filename="plan.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--b1--
""".replace(b"\n", b"\r\n")


def as_json(value: Any) -> bytes:
    """The body of a JSON call, every digit as it is."""
    return json.dumps(value, ensure_ascii=False).encode()


BODIES: dict[str, tuple[bytes, str]] = {
    "salesforce_web_to_lead": (SALESFORCE.encode(), FORM),
    "hubspot_forms": (as_json(HUBSPOT), JSON),
    "google_ads": (as_json(GOOGLE), JSON),
    "meta_lead_ads": (as_json(META), JSON),
    "linkedin": (as_json(LINKEDIN), JSON),
    "typeform": (as_json(TYPEFORM), JSON),
    "calendly": (as_json(CALENDLY), JSON),
    "webflow": (as_json(WEBFLOW), JSON),
    "elementor": (ELEMENTOR.encode(), FORM),
    "gravity_forms": (as_json(GRAVITY), JSON),
    "contact_form_7": (as_json(CONTACT_FORM_7), JSON),
    "unbounce": (UNBOUNCE.encode(), FORM),
    "mailchimp": (MAILCHIMP.encode(), FORM),
    "generic_json": (as_json(GENERIC), JSON),
    "email": (MAIL, "message/rfc822"),
}


def call_of(vendor: str, **changes: Any) -> Call:
    """A call as the vendor makes it, without a signature."""
    raw, content_type = BODIES[vendor]
    return Call(**({"raw": raw, "content_type": content_type} | changes))


def delivery_of(
    vendor: str,
    raw: bytes | None = None,
    content_type: str | None = None,
    **further: Any,
) -> Delivery:
    """What is stored of such a call."""
    body, kind = BODIES[vendor]
    raw = body if raw is None else raw
    told: dict[str, Any] = {
        "workspace_id": UUID(int=1),
        "id": UUID(int=2),
        "kind": SubmissionKind.CONNECTOR,
        "received_at": NOW,
        "raw": raw,
        "body_hash": hashlib.sha256(raw).digest(),
        "content_type": kind if content_type is None else content_type,
    }
    return Delivery(**(told | further))
