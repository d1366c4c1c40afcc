"""What goes back: each vendor gets the answer that its own software waits for."""

import hashlib
import hmac
import json
from urllib.parse import quote

import pytest

from app.adapters.vendors import Call, Reply
from app.adapters.vendors.registry import VENDORS
from tests.adapters.vendors.calls import FORM, SECRET, call_of

HOSTS = frozenset({"www.example.com"})
PLAIN_200 = set(VENDORS) - {"salesforce_web_to_lead", "hubspot_forms", "generic_json", "email"}


@pytest.mark.parametrize("name", sorted(PLAIN_200))
def test_servers_get_200_and_an_empty_object(name: str) -> None:
    answer = VENDORS[name].answer(call_of(name), Reply(), ["r1"])
    assert (answer.status, answer.body, answer.content_type) == (200, b"{}", "application/json")
    assert VENDORS[name].refusal(401, "no", "r1") is None


@pytest.mark.parametrize("name", ["generic_json", "email"])
def test_a_sender_of_ones_own_gets_its_receipts(name: str) -> None:
    answer = VENDORS[name].answer(call_of(name), Reply(), ["r1", "r2"])
    assert json.loads(answer.body) == {"receipt_ids": ["r1", "r2"]}


class TestSalesforce:
    vendor = VENDORS["salesforce_web_to_lead"]

    def answer(self, target: str, reply: Reply | None = None) -> tuple[int, str | None]:
        call = Call(raw=b"retURL=" + quote(target, safe="").encode(), content_type=FORM)
        answer = self.vendor.answer(call, reply or Reply(allowed_hosts=HOSTS), [])
        return answer.status, answer.headers.get("location")

    def test_the_browser_goes_on_to_an_allowed_page(self) -> None:
        target = "https://www.example.com/thanks?from=form#x"
        assert self.answer(target) == (303, target)

    @pytest.mark.parametrize(
        "target",
        [
            "",
            "/thanks",
            "//www.example.com/",
            "https://evil.example/",
            "https://www.example.com.evil.example/",
            "https://evil.example/www.example.com",
            "https://www.example.com@evil.example/",
            "https://evil.example\\@www.example.com/",
            "https://user@www.example.com/",
            "https://www.example.com\\.evil.example/",
            "javascript:alert(1)//www.example.com",
            "data:text/html,https://www.example.com",
            "https://www.example.com/\r\nSet-Cookie: a=b",
            "https://www.example.com/\x00",
            "https://ｗｗｗ.example.com/",
            "https://[www.example.com/",
            "https://www.example.com/" + "a" * 5_000,
            " https://evil.example/",
            "ftp://www.example.com/",
        ],
    )
    def test_nobody_is_sent_elsewhere(self, target: str) -> None:
        status, location = self.answer(target)
        assert (status, location) == (200, None)
        reply = Reply(redirect_url="https://www.example.com/done", allowed_hosts=HOSTS)
        assert self.answer(target, reply) == (303, "https://www.example.com/done")

    def test_a_plain_page_says_thanks(self) -> None:
        reply = Reply(message="Thanks <script>alert(1)</script> & bye")
        answer = self.vendor.answer(call_of("salesforce_web_to_lead"), reply, [])
        assert answer.content_type.startswith("text/html")
        assert b"Thanks &lt;script&gt;alert(1)&lt;/script&gt; &amp; bye" in answer.body
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_a_body_that_cannot_be_read_is_thanked_for_as_well(self) -> None:
        call = Call(raw=b"\xff", content_type="multipart/form-data")
        assert self.vendor.answer(call, Reply(), []).status == 200


class TestHubSpot:
    vendor = VENDORS["hubspot_forms"]

    def test_a_message_or_a_page(self) -> None:
        call = call_of("hubspot_forms")
        message = self.vendor.answer(call, Reply(message="Grüße"), [])
        assert (message.status, json.loads(message.body)) == (200, {"inlineMessage": "Grüße"})
        page = self.vendor.answer(call, Reply(redirect_url="https://www.example.com/x"), [])
        assert json.loads(page.body) == {"redirectUri": "https://www.example.com/x"}

    def test_an_error_has_its_shape(self) -> None:
        answer = self.vendor.answer(Call(raw=b"{", content_type="application/json"), Reply(), ["r"])
        told = json.loads(answer.body)
        assert answer.status == 400
        assert (told["status"], told["correlationId"]) == ("error", "r")
        assert told["errors"][0].keys() == {"message", "errorType"}
        refusal = self.vendor.refusal(413, "too large", "req")
        assert refusal is not None
        assert json.loads(refusal.body)["errors"][0]["errorType"] == "REQUEST_TOO_LARGE"
        assert refusal.status == 413


class TestGreetings:
    def test_meta_gets_its_challenge_for_the_right_token(self) -> None:
        meta = VENDORS["meta_lead_ads"]
        query = "hub.mode=subscribe&hub.challenge=115820<b>&hub.verify_token={}"
        answer = meta.greet(query.format("word"), None, "word")
        assert (answer.status, answer.body) == (200, b"115820<b>")
        assert answer.content_type.startswith("text/plain")
        assert answer.headers["x-content-type-options"] == "nosniff"
        for wrong in ("", "Word", "wordy", "%00"):
            assert meta.greet(query.format(wrong), None, "word").status == 403
        assert meta.greet("", None, "").status == 403
        assert meta.greet("hub.mode=unsubscribe&hub.verify_token=word", None, "word").status == 403

    def test_linkedin_gets_its_challenge_signed(self) -> None:
        linkedin = VENDORS["linkedin"]
        code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
        answer = linkedin.greet(f"challengeCode={code}", SECRET, "")
        expected = hmac.new(SECRET, code.encode(), hashlib.sha256).hexdigest()
        assert answer.status == 200
        assert json.loads(answer.body) == {"challengeCode": code, "challengeResponse": expected}
        # Anything else signed with the secret could be a signature of something.
        for wrong in ("", "challengeCode=", "challengeCode=%7B%7D", "challengeCode=" + "a" * 200):
            assert linkedin.greet(wrong, SECRET, "").status == 400
        assert linkedin.greet(f"challengeCode={code}", None, "").status == 400

    def test_mailchimp_and_all_others_get_200(self) -> None:
        for name in set(VENDORS) - {"meta_lead_ads", "linkedin"}:
            assert VENDORS[name].greet("a=b", None, "").status == 200
