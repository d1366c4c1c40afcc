"""What each vendor's own example comes to."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.vendors import VendorLead
from app.adapters.vendors.registry import VENDORS
from tests.adapters.vendors.calls import (
    BIG,
    BIGGER,
    CALENDLY,
    ELEMENTOR_ADVANCED,
    FORM,
    GENERIC,
    GOOGLE,
    GRAVITY,
    HUBSPOT,
    LINKEDIN,
    LINKEDIN_LEAD,
    MAILCHIMP,
    META,
    META_LEAD,
    SALESFORCE,
    TYPEFORM,
    WEBFLOW,
    as_json,
    call_of,
    delivery_of,
)


def read(name: str, *args: Any, **further: Any) -> VendorLead:
    return VENDORS[name].read(delivery_of(name, *args, **further))


def at(minute: int, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 3, 2, 9, minute, second, micro, tzinfo=UTC)


def ids(name: str, raw: bytes | None = None) -> list[str | None]:
    call = call_of(name) if raw is None else call_of(name, raw=raw)
    return [part.vendor_id for part in VENDORS[name].parts(call)]


ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}


@pytest.mark.parametrize("name", VENDORS)
def test_every_example_can_be_read(name: str) -> None:
    lead = read(name)
    assert lead.holds == []
    assert lead.fetch or lead.fields.get("email") in ("ada@example.com", "ada@e.example")


def test_salesforce_web_to_lead() -> None:
    lead = read("salesforce_web_to_lead")
    assert lead.fields == ADA | {
        "company": "Analytical Engines",
        "phone": "+44 20 7946 0958",
        "region": "London",
        "postal_code": "SW1Y 4JH",
        "country": "United Kingdom",
        "website": "https://engines.example",
        "employee_count": "1,200",
        "source": "Web",
    }
    assert lead.answers["00N5g00000AbCdE"] == "Difference engine"
    assert not {"oid", "retURL", "captcha_settings", "submit"} & lead.answers.keys()
    assert lead.about["oid"] == "00D5g000008abcD"
    assert lead.about["member_status"] == "Responded"
    assert lead.campaigns == ["7015g000000XyzA"]
    assert lead.utm == {"source": "google", "medium": "cpc"}
    assert [(c.purpose, c.granted) for c in lead.consents] == [("email", False)]
    assert not lead.is_test
    assert read("salesforce_web_to_lead", f"{SALESFORCE}&debug=1".encode()).is_test


def test_salesforce_in_the_encoding_that_the_form_names() -> None:
    body = b"last_name=M%FCller&company=%80"
    assert read("salesforce_web_to_lead", body).fields["last_name"] == "Müller"
    cyrillic = read("salesforce_web_to_lead", b"last_name=%CF%F8", query="encoding=windows-1251")
    assert cyrillic.fields["last_name"] == "Пш"
    for odd in ("punycode", "zip", "x", "\x00", "utf-8"):
        lead = read("salesforce_web_to_lead", "last_name=Müller".encode(), query=f"encoding={odd}")
        assert lead.fields["last_name"] == "Müller"


def test_hubspot_forms() -> None:
    lead = read("hubspot_forms")
    assert lead.fields == ADA | {"company": "Analytical Engines"}
    assert lead.answers["0-2/name"] == "Analytical Engines"
    assert lead.answers["interests"] == "steam;brass"
    assert lead.about["hutk"] == "60c2ccdfe4892f0fa0593940b12c11aa"
    assert lead.utm == {"source": "linkedin", "campaign": "q1"}
    assert lead.click_ids == {"gclid": "Cj0K"}
    assert lead.occurred_at == at(30)
    assert lead.campaigns == ["7015g000000XyzA"]
    assert [(c.purpose, c.granted, c.text) for c in lead.consents] == [
        ("processing", True, "I agree to Example storing my data."),
        ("subscription:999", True, "News, please."),
        ("subscription:1000", False, "Offers, please."),
    ]


def test_hubspot_with_a_legitimate_interest() -> None:
    interest = {"value": True, "subscriptionTypeId": 9, "legalBasis": "CUSTOMER", "text": "T"}
    body = HUBSPOT | {"legalConsentOptions": {"legitimateInterest": interest}}
    [consent] = read("hubspot_forms", as_json(body)).consents
    assert (consent.purpose, consent.version, consent.text) == ("subscription:9", "CUSTOMER", "T")


def test_hubspot_of_the_older_kind() -> None:
    context = "hs_context=%7B%22pageUrl%22%3A%22https%3A//e.x/%22%7D"
    body = f"email=ada%40example.com&firstname=Ada&{context}"
    lead = read("hubspot_forms", body.encode(), FORM)
    assert lead.fields == {"email": "ada@example.com", "first_name": "Ada"}
    assert lead.page_url == "https://e.x/"


def test_google_ads() -> None:
    lead = read("google_ads")
    assert lead.fields == {
        "full_name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+442079460958",
    }
    assert lead.answers["Which engine?"] == "Difference"
    assert lead.click_ids == {"gclid": "CjwKCAjw_gclid"}
    assert lead.is_test
    assert ids("google_ads") == [GOOGLE["lead_id"]] == [lead.vendor_id]
    assert "google_key" not in str(lead)


def test_google_ads_keeps_every_digit() -> None:
    lead = read("google_ads")
    assert lead.about["form_id"] == BIG
    assert lead.about["campaign_id"] == str(BIGGER)
    assert lead.campaigns == [str(BIGGER)]


def test_meta_names_every_lead() -> None:
    parts = VENDORS["meta_lead_ads"].parts(call_of("meta_lead_ads"))
    assert [part.vendor_id for part in parts] == [str(BIG), "444444444444"]
    assert parts[0].content != parts[1].content
    first, second = (read("meta_lead_ads", part=n) for n in (0, 1))
    assert (first.fetch, second.fetch) == (str(BIG), "444444444444")
    assert first.about["form_id"] == str(BIGGER)
    assert first.fields == {}


@pytest.mark.parametrize("name", ["meta_lead_ads", "generic_json"])
def test_a_part_alone_says_the_same(name: str) -> None:
    raw = as_json([GENERIC, {"email": "b@example.com"}]) if name == "generic_json" else None
    parts = VENDORS[name].parts(call_of(name, raw=raw) if raw else call_of(name))
    assert len(parts) == 2
    for number, part in enumerate(parts):
        assert part.content is not None
        assert read(name, part.content) == read(name, raw, part=number)


def test_meta_content_stays_when_the_lead_comes_in_another_batch() -> None:
    alone = META | {"entry": META["entry"][1:]}
    [again] = VENDORS["meta_lead_ads"].parts(call_of("meta_lead_ads", raw=as_json(alone)))
    assert again == VENDORS["meta_lead_ads"].parts(call_of("meta_lead_ads"))[1]


def test_meta_reads_what_was_fetched() -> None:
    lead = read("meta_lead_ads", fetched=as_json(META_LEAD))
    assert lead.fetch is None
    assert lead.fields == {
        "full_name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+442079460958",
    }
    assert lead.answers["which_engines?"] == ["Difference", "Analytical"]
    assert lead.vendor_id == str(BIG)
    assert lead.occurred_at == at(29, 55)
    assert lead.campaigns == ["77", str(BIGGER)]
    assert not lead.is_test
    assert lead.notes == []


def test_meta_tells_a_test_lead_by_its_dummy_data() -> None:
    dummy = [{"name": "email", "values": ["<test lead: dummy data for email>"]}]
    assert read("meta_lead_ads", fetched=as_json(META_LEAD | {"field_data": dummy})).is_test


def test_meta_notes_another_lead_than_asked_for() -> None:
    lead = read("meta_lead_ads", fetched=as_json(META_LEAD | {"id": "1"}))
    assert [note.code for note in lead.notes] == ["other_lead"]


@pytest.mark.parametrize("fetched", [b"", b"[]", b'{"error": {"code": 190}}', b"\xff"])
def test_meta_holds_what_was_fetched_and_is_no_lead(fetched: bytes) -> None:
    lead = read("meta_lead_ads", fetched=fetched)
    assert [hold.code for hold in lead.holds] == ["unreadable"]


def test_linkedin_names_a_response() -> None:
    lead = read("linkedin")
    assert lead.fetch == "7a4b-1" == lead.vendor_id
    assert ids("linkedin") == ["7a4b-1"]


def test_linkedin_reads_what_was_fetched() -> None:
    lead = read("linkedin", fetched=as_json(LINKEDIN_LEAD))
    assert lead.fields == {"first_name": "Ada", "email": "ada@e.example"}
    assert lead.answers == {
        "FIRST_NAME": "Ada",
        "WORK_EMAIL": "ada@e.example",
        "engine": "Analytical",
        "utm_source": "linkedin",
    }
    assert lead.occurred_at == at(29, 59)
    assert lead.campaigns == ["881"]
    assert lead.utm == {"source": "linkedin"}
    assert [(c.purpose, c.granted) for c in lead.consents] == [("consent:4", True)]
    assert read("linkedin", fetched=as_json(LINKEDIN_LEAD | {"testLead": True})).is_test


def test_linkedin_does_not_fetch_what_was_deleted() -> None:
    deleted = as_json(LINKEDIN | {"leadAction": "DELETED"})
    lead = read("linkedin", deleted)
    assert lead.fetch is None
    assert [hold.code for hold in lead.holds] == ["not_a_lead"]
    assert ids("linkedin", deleted) == ["7a4b-1/deleted"]


def test_typeform() -> None:
    lead = read("typeform")
    assert lead.fields == {
        "company": "Engines",
        "email": "ada@example.com",
        "phone": "+4420",
    }
    assert lead.answers["r1"] == "Ada"
    assert lead.answers["r5"] == BIG
    assert lead.answers["r6"] is True
    assert lead.answers["r7"] == "Brass"
    assert lead.answers["r8"] == ["A", "B", "C"]
    assert lead.answers["plan"] == "pro"
    assert lead.about["questions"]["r1"] == "What is your first name?"
    assert lead.utm == {"source": "newsletter"}
    assert lead.occurred_at == at(29)
    assert ids("typeform") == ["a3a12ec67a1365927098a606107fac15"] == [lead.vendor_id]


def test_calendly() -> None:
    lead = read("calendly")
    assert lead.fields == {
        "company": "Engines",
        "email": "ada@example.com",
        "full_name": "Ada Lovelace",
        "phone": "+44 20 7946 0958",
    }
    assert lead.answers == {"Company": "Engines", "What do you need?": "Steam"}
    assert lead.touch_kind == "meeting_booked"
    assert lead.summary == "Booked: Demo, 30 minutes, 2026-03-05 14:00 UTC"
    assert lead.occurred_at == at(28, 0, 123456)
    assert lead.utm == {"campaign": "spring", "source": "newsletter"}


def test_calendly_tells_a_booking_from_its_cancellation() -> None:
    canceled = as_json(CALENDLY | {"event": "invitee.canceled"})
    assert read("calendly", canceled).touch_kind == "meeting_canceled"
    assert ids("calendly") != ids("calendly", canceled)
    other = read("calendly", as_json(CALENDLY | {"event": "event_type.created"}))
    assert [hold.code for hold in other.holds] == ["not_a_lead"]


def test_webflow() -> None:
    lead = read("webflow")
    assert lead.fields == ADA | {"phone": 442079460958}
    assert lead.about["name"] == "Contact Us"
    assert lead.click_ids == {"fbclid": "IwAR"}
    assert lead.occurred_at == at(29, 30)
    assert ids("webflow") == ["6321ca84df3949bfc6752327"]
    bare = {"name": "Contact", "data": {"Email": "ada@example.com"}, "_id": "1", "d": "2026-03-02"}
    assert read("webflow", as_json(bare)).fields == {"email": "ada@example.com"}
    other = read("webflow", as_json(WEBFLOW | {"triggerType": "site_publish"}))
    assert [hold.code for hold in other.holds] == ["not_a_lead"]


def test_elementor() -> None:
    lead = read("elementor")
    assert lead.fields == {"full_name": "Ada Lovelace", "email": "ada@example.com"}
    assert lead.answers["No Label field_7c1"] == "Steam"
    assert "Page URL" not in lead.answers
    assert lead.about["form_name"] == "Contact"
    assert lead.utm == {"source": "bing"}


def test_elementor_with_advanced_data() -> None:
    lead = read("elementor", ELEMENTOR_ADVANCED.encode())
    assert lead.fields == {"full_name": "Ada Lovelace", "email": "ada@example.com"}
    assert lead.answers == {"name": "Ada Lovelace", "field_2": "ada@example.com"}
    assert lead.page_url == "https://www.example.com/contact/"
    assert lead.about["form_id"] == "7c1a"


def test_gravity_forms() -> None:
    lead = read("gravity_forms")
    assert lead.fields == ADA
    assert lead.answers["5.1"] == "Brass"
    assert lead.vendor_id == "4711"
    assert lead.occurred_at == at(29)
    assert lead.utm == {"source": "bing"}
    chosen = {"id": "7", "email": "ada@example.com", "Vorname": "Ada"}
    named = read("gravity_forms", as_json(chosen))
    assert named.fields == {"email": "ada@example.com", "first_name": "Ada"}
    assert named.vendor_id is None
    spam = read("gravity_forms", as_json(GRAVITY | {"status": "spam"}))
    assert [hold.code for hold in spam.holds] == ["spam"]


def test_contact_form_7() -> None:
    lead = read("contact_form_7")
    assert lead.fields == {
        "full_name": "Ada Lovelace",
        "email": "ada@example.com",
        "description": "Please call.",
        "phone": "020 7946 0958",
    }
    assert lead.answers["engines"] == ["Difference", "Analytical"]
    assert lead.summary == "Engines"
    assert lead.page_url == "https://www.example.com/contact/"
    form = b"your-email=ada%40example.com&engines%5B%5D=A&engines%5B%5D=B"
    assert read("contact_form_7", form, FORM).answers["engines"] == ["A", "B"]


def test_contact_form_7_as_multipart() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="your-email"\r\n\r\nada@example.com\r\n'
        b'--x\r\nContent-Disposition: form-data; name="cv"; filename="cv.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n"
    )
    lead = read("contact_form_7", body, "multipart/form-data; boundary=x")
    assert lead.answers == {"your-email": "ada@example.com"}


def test_unbounce() -> None:
    lead = read("unbounce")
    assert lead.fields == {"email": "ada@example.com", "first_name": "Ada"}
    assert lead.answers["engines"] == ["Difference", "Analytical"]
    assert lead.about["variant"] == "a"
    assert lead.occurred_at == at(29)
    assert lead.click_ids == {"gclid": "Cj0K"}


def test_mailchimp() -> None:
    lead = read("mailchimp")
    assert lead.fields == ADA | {"street": "1 St James's Square", "city": "London"}
    assert lead.touch_kind == "subscribed"
    assert lead.occurred_at == at(29, 57)
    assert [(c.purpose, c.granted) for c in lead.consents] == [("list:a6b5da1054", True)]
    left = read("mailchimp", MAILCHIMP.replace("=subscribe", "=unsubscribe").encode())
    assert left.touch_kind == "unsubscribed"
    assert [c.granted for c in left.consents] == [False]
    assert left.vendor_id != lead.vendor_id
    campaign = read("mailchimp", b"type=campaign&data%5Bid%5D=1")
    assert [hold.code for hold in campaign.holds] == ["not_a_lead"]


def test_generic_json() -> None:
    lead = read("generic_json")
    assert lead.fields == {"full_name": "Ada Lovelace", "email": "ada@example.com"}
    assert lead.answers["contact"] == {"mail": "ada@example.com"}
    assert lead.answers["budget"] == str(BIGGER)
    assert lead.vendor_id == "evt-1"
    assert lead.occurred_at == datetime(2026, 3, 2, 8, 29, tzinfo=UTC)
    assert lead.utm == {"source": "x"}


def test_generic_json_in_a_list() -> None:
    body = as_json([GENERIC, "junk", {"email": "b@example.com", "is_test": True}])
    call = call_of("generic_json", raw=body, headers={"idempotency-key": "k1"})
    parts = VENDORS["generic_json"].parts(call)
    assert [part.vendor_id for part in parts] == ["evt-1", "k1/1", "k1/2"]
    assert [part.is_test for part in parts] == [False, False, True]
    leads = [read("generic_json", body, part=n) for n in range(4)]
    assert [lead.fields.get("email") for lead in leads] == [
        "ada@example.com",
        None,
        "b@example.com",
        None,
    ]
    assert [bool(lead.holds) for lead in leads] == [False, True, False, True]


def test_a_time_that_is_yet_to_come_is_not_believed() -> None:
    response = TYPEFORM["form_response"] | {"submitted_at": "2027-01-01T00:00:00Z"}
    assert read("typeform", as_json(TYPEFORM | {"form_response": response})).occurred_at is None
