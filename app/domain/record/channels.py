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

# Paid for, by the click or otherwise; the source says on which kind of site.
_PAID = frozenset({"cpc", "ppc", "cpa", "ads", "ad"})

# The first found counts: DV360 adds dclid and gclid. Unpaid links, too, carry fbclid and igsh.
_CLICK_IDS: Mapping[Channel, str] = {
    Channel.DISPLAY: "dclid obclid dicbo tblci",
    Channel.PAID_SEARCH: "gclid gbraid wbraid msclkid yclid",
    Channel.PAID_SOCIAL: "ttclid li_fat_id twclid sccid rdt_cid",
    Channel.AFFILIATE: "irclickid cjevent awc",
    Channel.EMAIL: "mc_eid mkt_tok _hsenc",
    Channel.ORGANIC_SEARCH: "srsltid",
    Channel.ORGANIC_SOCIAL: "fbclid igsh igshid",
}

_SOURCES: Mapping[Channel, str] = {
    Channel.ORGANIC_SEARCH: "google adwords google-ads bing bing-ads yahoo duckduckgo baidu yandex "
    "ecosia qwant startpage naver",
    Channel.ORGANIC_SOCIAL: "facebook fb instagram ig meta linkedin twitter x tiktok reddit "
    "pinterest snapchat xing threads quora",
    Channel.VIDEO: "youtube yt vimeo",
    Channel.EMAIL: "newsletter email e-mail",
    Channel.DIRECT: "direct",
}

# A host name belongs to the longest of these that it ends in.
_HOSTS: Mapping[Channel, str] = {
    Channel.ORGANIC_SEARCH: "bing.com search.yahoo.com search.yahoo.co.jp duckduckgo.com baidu.com "
    "ecosia.org qwant.com startpage.com search.brave.com naver.com search.seznam.cz sogou.com "
    "so.com ya.ru com.google.android.googlequicksearchbox",
    Channel.ORGANIC_SOCIAL: "facebook.com instagram.com linkedin.com lnkd.in t.co twitter.com "
    "x.com tiktok.com reddit.com xing.com vk.com ok.ru weibo.com threads.net threads.com bsky.app "
    "t.me mastodon.social quora.com tumblr.com snapchat.com news.ycombinator.com "
    "com.linkedin.android com.facebook.katana com.reddit.frontpage",
    Channel.VIDEO: "youtube.com youtu.be vimeo.com",
    Channel.EMAIL: "mail.google.com mail.yahoo.com outlook.live.com outlook.office.com "
    "outlook.office365.com mail.proton.me com.google.android.gm com.microsoft.office.outlook",
    Channel.DISPLAY: "doubleclick.net googlesyndication.com",
}

# Sites with a domain in each country. Only these hosts of Google search; docs and meet refer.
_NATIONAL_HOSTS: Mapping[Channel, re.Pattern[str]] = {
    Channel.ORGANIC_SEARCH: re.compile(
        r"(?:(?:www|m|images|news)\.)?(?:google|yandex)\.(?:com?\.)?[a-z]{2,3}"
    ),
    Channel.ORGANIC_SOCIAL: re.compile(r"(?:[a-z]+\.)?pinterest\.(?:com?\.)?[a-z]{2,3}"),
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

    None where nothing is known. `direct` is taken only from a tag that says so, for a missing
    referrer may have been kept back. A referrer on our own site is the caller's to leave out.
    """
    medium, source = _tag(utm, "medium"), _tag(utm, "source")
    return (
        _of_medium(medium, source, click_ids)
        or _of_click_ids(click_ids)
        or _of_source_alone(source)
        or _of_referrer(referrer)
        # A tagged link is a campaign, even when its medium is a word that nobody else uses.
        or (Channel.OTHER if medium else None)
    )


def _tag(utm: Mapping[str, str], name: str) -> str:
    written = utm.get(name) or utm.get(f"utm_{name}") or ""
    word = re.sub(r"[\s_+]+", "-", written.strip().lower())
    # Analytics exports write "(direct) / (none)" and "(not set)".
    word = word.strip("()")
    return "" if word in {"none", "not-set"} else word


def _of_medium(medium: str, source: str, click_ids: Mapping[str, str]) -> Channel | None:
    site = _of_source(source)
    if medium == "organic" and site in {Channel.ORGANIC_SOCIAL, Channel.VIDEO}:
        return site
    if medium in _CHANNEL_OF_MEDIUM:
        return _CHANNEL_OF_MEDIUM[medium]
    if medium not in _PAID and not medium.startswith("paid"):
        return None
    # An id that unpaid links carry too, beside a medium that says paid, still names the site.
    site = site if site in _PAID_ON else _of_click_ids(click_ids)
    unnamed = Channel.PAID_SEARCH if medium in {"cpc", "ppc"} else Channel.OTHER
    return _PAID_ON.get(site, site) if site else unnamed


def _of_click_ids(click_ids: Mapping[str, str]) -> Channel | None:
    given = {name.lower() for name, value in click_ids.items() if value}
    return next((c for name, c in _CHANNEL_OF_CLICK_ID.items() if name in given), None)


def _of_source(source: str) -> Channel | None:
    return _CHANNEL_OF_SOURCE.get(source) or _of_host(source)


def _of_source_alone(source: str) -> Channel | None:
    # A site's name alone leaves open whether the link was paid for.
    channel = _CHANNEL_OF_SOURCE.get(source)
    return channel if channel in {Channel.EMAIL, Channel.DIRECT} else None


def _of_referrer(referrer: str | None) -> Channel | None:
    if not referrer:
        return None
    try:
        host = urlsplit(referrer if "//" in referrer else f"//{referrer}").hostname or ""
    except ValueError:
        return None
    host = host.removesuffix(".")
    return (_of_host(host) or Channel.REFERRAL) if "." in host else None


def _of_host(host: str) -> Channel | None:
    end = host
    while end:
        if end in _CHANNEL_OF_HOST:
            return _CHANNEL_OF_HOST[end]
        end = end.partition(".")[2]
    return next((c for c, pattern in _NATIONAL_HOSTS.items() if pattern.fullmatch(host)), None)
