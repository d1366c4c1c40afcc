"""Channels: the kinds of ways in which people find us, and which of them a visit came by."""

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit


class Channel(StrEnum):
    """The kind of way; a campaign or a source is finer."""

    ORGANIC_SEARCH = "organic_search"
    PAID_SEARCH = "paid_search"
    ORGANIC_SOCIAL = "organic_social"
    PAID_SOCIAL = "paid_social"
    DISPLAY = "display"
    VIDEO = "video"
    AFFILIATE = "affiliate"
    EMAIL = "email"
    SMS = "sms"
    REFERRAL = "referral"
    PARTNER = "partner"
    EVENT = "event"
    WEBINAR = "webinar"
    PHONE = "phone"
    CHAT = "chat"
    DIRECT_MAIL = "direct_mail"
    PRODUCT = "product"
    DIRECT = "direct"
    API = "api"
    OTHER = "other"


# Spaces and underscores of a medium are read as hyphens.
_MEDIA: Mapping[Channel, str] = {
    Channel.ORGANIC_SEARCH: "organic organic-search seo",
    Channel.PAID_SEARCH: "paid-search paidsearch search-ads sem",
    Channel.ORGANIC_SOCIAL: "social social-media social-network sm organic-social",
    Channel.PAID_SOCIAL: "paid-social paidsocial social-paid social-ads cpc-social",
    Channel.DISPLAY: "display banner cpm expandable interstitial native programmatic retargeting "
    "remarketing",
    Channel.VIDEO: "video paid-video cpv",
    Channel.AFFILIATE: "affiliate affiliates affiliate-marketing",
    Channel.EMAIL: "email e-mail newsletter email-marketing",
    Channel.SMS: "sms mms text-message",
    Channel.REFERRAL: "referral link",
    Channel.PARTNER: "partner partners partnership reseller",
    Channel.EVENT: "event events trade-show tradeshow fair exhibition conference",
    Channel.WEBINAR: "webinar webinars",
    Channel.PHONE: "phone call telephone inbound-call",
    Channel.CHAT: "chat live-chat livechat chatbot messenger whatsapp",
    Channel.DIRECT_MAIL: "direct-mail postal postcard letter",
    Channel.PRODUCT: "product in-app in-product",
    Channel.DIRECT: "direct",
    Channel.API: "api",
    Channel.OTHER: "audio podcast push qr print tv radio offline other",
}

# Paid for, by the click or otherwise: the source says on which kind of site.
_PAID = {"cpc", "ppc", "cpa", "paid", "ads", "ad"}

# `fbclid` and `igshid` are on unpaid links too, the others come from advertisements only.
_CLICK_IDS: Mapping[Channel, str] = {
    Channel.PAID_SEARCH: "gclid gbraid wbraid msclkid yclid",
    Channel.PAID_SOCIAL: "ttclid li_fat_id twclid sccid rdt_cid",
    Channel.DISPLAY: "dclid obclid dicbo tblci",
    Channel.AFFILIATE: "irclickid cjevent awc",
    Channel.ORGANIC_SEARCH: "srsltid",
    Channel.EMAIL: "mc_eid mkt_tok _hsenc",
    Channel.ORGANIC_SOCIAL: "fbclid igshid igsh",
}

_SOURCES: Mapping[Channel, str] = {
    Channel.ORGANIC_SEARCH: "google bing yahoo duckduckgo baidu yandex ecosia qwant startpage naver "
    "adwords googleads google-ads bing-ads bingads microsoft-ads",
    Channel.ORGANIC_SOCIAL: "facebook fb instagram ig meta linkedin twitter x tiktok reddit pinterest "
    "snapchat xing threads quora",
    Channel.VIDEO: "youtube yt vimeo",
    Channel.EMAIL: "newsletter email e-mail",
    Channel.DIRECT: "direct",
}

# By the longest end of the host name.
_HOSTS: Mapping[Channel, str] = {
    Channel.ORGANIC_SEARCH: "google bing.com search.yahoo.com search.yahoo.co.jp yahoo.com "
    "duckduckgo.com baidu.com ecosia.org qwant.com startpage.com search.brave.com naver.com "
    "search.seznam.cz sogou.com so.com ya.ru com.google.android.googlequicksearchbox",
    Channel.ORGANIC_SOCIAL: "facebook.com instagram.com linkedin.com lnkd.in t.co twitter.com x.com "
    "tiktok.com reddit.com xing.com vk.com ok.ru weibo.com threads.net threads.com bsky.app "
    "mastodon.social quora.com tumblr.com snapchat.com t.me news.ycombinator.com "
    "com.linkedin.android com.facebook.katana com.reddit.frontpage",
    Channel.VIDEO: "youtube.com youtu.be vimeo.com",
    Channel.EMAIL: "mail.google.com mail.yahoo.com outlook.live.com outlook.office.com "
    "outlook.office365.com mail.proton.me com.google.android.gm com.microsoft.office.outlook",
    Channel.DISPLAY: "doubleclick.net googlesyndication.com",
    Channel.REFERRAL: "docs.google.com sites.google.com groups.google.com gemini.google.com "
    "business.google.com finance.yahoo.com news.yahoo.com",
}
# Engines with a domain in each country. Google's other services have hosts of their own above.
_NATIONAL_HOSTS: Mapping[Channel, re.Pattern[str]] = {
    Channel.ORGANIC_SEARCH: re.compile(r"(?:.+\.)?(?:google|yandex)\.(?:com?\.)?[a-z]{2,3}"),
    Channel.ORGANIC_SOCIAL: re.compile(r"(?:.+\.)?pinterest\.(?:com?\.)?[a-z]{2,3}"),
}

_PAID_ON = {
    Channel.ORGANIC_SEARCH: Channel.PAID_SEARCH,
    Channel.ORGANIC_SOCIAL: Channel.PAID_SOCIAL,
    Channel.VIDEO: Channel.VIDEO,
}


def _by_word(table: Mapping[Channel, str]) -> dict[str, Channel]:
    return {word: channel for channel, words in table.items() for word in words.split()}


_CHANNEL_OF_MEDIUM = _by_word(_MEDIA)
_CHANNEL_OF_CLICK_ID = _by_word(_CLICK_IDS)
_CHANNEL_OF_SOURCE = _by_word(_SOURCES)
_CHANNEL_OF_HOST = _by_word(_HOSTS)


def derive_channel(
    utm: Mapping[str, str], click_ids: Mapping[str, str], referrer: str | None
) -> Channel | None:
    """The channel of a visit: by its tagged medium, else its click ids, else the referring site.

    None where nothing is known. `direct` is only taken from a tag that says so: no referrer means that
    the browser kept it back as often as that there was none. A referrer on our own site is the
    caller's to leave out.
    """
    medium, source = _tag(utm, "medium"), _tag(utm, "source")
    by_click = _of_click_ids(click_ids)
    if medium in _PAID or medium.startswith("paid-"):
        return _paid(medium, source, by_click)
    if medium in {"organic", "social"} and _of_source(source) in {Channel.ORGANIC_SOCIAL, Channel.VIDEO}:
        return _of_source(source)
    by_medium = _CHANNEL_OF_MEDIUM.get(medium)
    by_source = _of_source(source) if source in _SAYS_IT_ALL else None
    found = by_medium or by_click or by_source or _of_referrer(referrer)
    # A tagged link is a campaign, even when its medium is a word nobody else uses.
    return found or (Channel.OTHER if medium and medium not in _NO_MEDIUM else None)
