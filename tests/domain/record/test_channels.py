"""Which channel a visit came by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.record.channels import Channel, derive_channel


def tagged(text: str) -> dict[str, str]:
    """`source / medium`, as analytics products print it."""
    source, _, medium = text.partition(" / ")
    return {"source": source, "medium": medium}


@pytest.mark.parametrize(
    ("source_medium", "channel"),
    [
        ("google / organic", "organic_search"),
        ("google / cpc", "paid_search"),
        ("Google / PPC", "paid_search"),
        ("somebody / cpc", "paid_search"),
        ("somebody / paid", "other"),
        ("bing / paid_media", "paid_search"),
        ("facebook / cpc", "paid_social"),
        ("m.facebook.com / cpc", "paid_social"),
        ("linkedin / paid", "paid_social"),
        ("linkedin / paid_social", "paid_social"),
        ("linkedin / Paid Social", "paid_social"),
        ("youtube / cpc", "video"),
        ("linkedin / organic", "organic_social"),
        ("linkedin / social", "organic_social"),
        ("youtube / organic", "video"),
        ("facebook / display", "display"),
        ("criteo / retargeting", "display"),
        ("april / email", "email"),
        ("april / E-Mail", "email"),
        ("newsletter / ", "email"),
        ("partner.example / referral", "referral"),
        ("awin / affiliate", "affiliate"),
        ("acme / partner", "partner"),
        ("hannover / trade-show", "event"),
        ("hannover / trade+show", "event"),
        ("zoom / webinar", "webinar"),
        ("flyer / direct mail", "direct_mail"),
        ("app / in_app", "product"),
        ("campaign / sms", "sms"),
        ("site / whatsapp", "chat"),
        ("campaign / qr", "other"),
        ("campaign / flyer-42", "other"),
        ("(direct) / (none)", "direct"),
        ("direct / ", "direct"),
        ("google / ", None),
        ("linkedin / (not set)", None),
        (" / ", None),
    ],
)
def test_tags(source_medium: str, channel: str | None) -> None:
    assert derive_channel(tagged(source_medium), {}, None) == channel


def test_tags_may_keep_their_prefix() -> None:
    assert derive_channel({"utm_medium": "cpc", "utm_source": "fb"}, {}, None) == "paid_social"


@pytest.mark.parametrize(
    ("click_ids", "channel"),
    [
        ("gclid", "paid_search"),
        ("wbraid", "paid_search"),
        ("msclkid", "paid_search"),
        ("gclid dclid", "display"),
        ("li_fat_id", "paid_social"),
        ("ttclid", "paid_social"),
        ("ScCid", "paid_social"),
        ("fbclid", "organic_social"),
        ("fbclid gclid", "paid_search"),
        ("irclickid", "affiliate"),
        ("mc_eid", "email"),
        ("abcid", None),
        ("", None),
    ],
)
def test_click_ids(click_ids: str, channel: str | None) -> None:
    assert derive_channel({}, dict.fromkeys(click_ids.split(), "x1"), None) == channel


@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://www.google.com/", "organic_search"),
        ("https://www.google.co.uk/search?q=crm", "organic_search"),
        ("https://google.com.br", "organic_search"),
        ("www.google.de", "organic_search"),
        ("HTTPS://WWW.BING.COM/search", "organic_search"),
        ("https://de.search.yahoo.com/", "organic_search"),
        ("https://yandex.ru/", "organic_search"),
        ("android-app://com.google.android.googlequicksearchbox/", "organic_search"),
        ("https://l.facebook.com/l.php", "organic_social"),
        ("https://t.co/abc", "organic_social"),
        ("https://www.linkedin.com:443/feed", "organic_social"),
        ("https://www.pinterest.de/", "organic_social"),
        ("https://www.youtube.com/watch", "video"),
        ("https://mail.google.com/mail/u/0", "email"),
        ("android-app://com.google.android.gm/", "email"),
        ("https://googleads.g.doubleclick.net/", "display"),
        ("https://docs.google.com/document", "referral"),
        ("https://google.example.com/", "referral"),
        ("https://netflix.com/", "referral"),
        ("https://notfacebook.com/", "referral"),
        ("https://chatgpt.com/", "referral"),
        ("https://blog.example.org/post", "referral"),
        ("http://[::1", None),
        ("about:blank", None),
        ("https://localhost/", None),
        ("", None),
        (None, None),
    ],
)
def test_referrers(referrer: str | None, channel: str | None) -> None:
    assert derive_channel({}, {}, referrer) == channel


@pytest.mark.parametrize(
    ("source_medium", "click_id", "referrer", "channel"),
    [
        ("april / email", "gclid", "https://www.google.com/", "email"),
        ("somebody / cpc", "fbclid", None, "paid_social"),
        ("somebody / paid", "li_fat_id", None, "paid_social"),
        ("somebody / paid", "irclickid", None, "affiliate"),
        ("google / cpc", "fbclid", None, "paid_search"),
        ("x1 / flyer-42", "gclid", "https://blog.example.org/", "paid_search"),
        ("google / gmb", "", "https://www.google.com/", "organic_search"),
        ("linkedin / ", "", "https://www.linkedin.com/", "organic_social"),
        (" / ", "gclid", "https://www.google.com/", "paid_search"),
        (" / ", "fbclid", "https://blog.example.org/", "organic_social"),
    ],
)
def test_the_medium_comes_first_then_click_ids_then_the_referrer(
    source_medium: str, click_id: str, referrer: str | None, channel: str
) -> None:
    click_ids = {click_id: "x1"} if click_id else {}
    assert derive_channel(tagged(source_medium), click_ids, referrer) == channel


def test_an_empty_click_id_is_none() -> None:
    assert derive_channel({}, {"gclid": ""}, None) is None


words = st.text() | st.sampled_from(["utm_medium", "medium", "cpc", "https://", "[", "//x:y"])


@given(st.dictionaries(words, words), st.dictionaries(words, words), words | st.none())
def test_any_text_has_a_channel_or_none(
    utm: dict[str, str], click_ids: dict[str, str], referrer: str | None
) -> None:
    channel = derive_channel(utm, click_ids, referrer)
    assert channel is None or isinstance(channel, Channel)
