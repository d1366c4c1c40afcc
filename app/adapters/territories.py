"""Which country a name in any of many languages means: CLDR's names, and those it does not have."""

import re
import unicodedata
from functools import cache, lru_cache

from babel import localedata
from babel.core import get_global

# The languages whose names of countries are understood.
_LANGUAGES = (
    "af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fil fr ga gl gu he hi hr hu hy id "
    "is it ja ka kk km kn ko ky lo lt lv mk ml mn mr ms my nb ne nl nn pa pl ps pt pt_PT ro ru si "
    "sk sl sq sr sr_Latn sv sw ta te tg th tk tr uk ur uz vi zh zh_Hant zu"
).split()

# Two letters in CLDR and no ISO 3166 country. XK (Kosovo) is none either, but people live there.
_NOT_ISO = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())

# Two countries share these names; which of them has it in CLDR depends on the language.
_SHARED_NAMES = ("Congo", "Kongo")

# ISO's own short names, former names and everyday ones, where CLDR has another.
_ALSO_CALLED = {
    "AE": "UAE; Emirates; United Arab Emirates (UAE); الإمارات; الامارات; ОАЭ; Emirate",
    "BA": "Bosnia; Bosnien",
    "BN": "Brunei Darussalam",
    "BQ": "Bonaire, Sint Eustatius and Saba",
    "BY": "Byelorussia; Белоруссия; Weissrussland",
    "CD": "DR Congo; DRC; Congo, The Democratic Republic of the; "
    "Democratic Republic of the Congo; Zaire",
    "CG": "Republic of the Congo",
    "CH": "Swiss Confederation; Schweizerische Eidgenossenschaft",
    "CI": "Ivory Coast; Elfenbeinküste",
    "CN": "PRC; P.R. China; PR China; People's Republic of China; Mainland China; "
    "Volksrepublik China",
    "CZ": "Czech Republic; Tschechische Republik; République tchèque; República Checa; "
    "Repubblica Ceca; Česká republika; Tschechei",
    "DE": "Bundesrepublik Deutschland; BRD; Federal Republic of Germany",
    "ES": "Kingdom of Spain; Reino de España",
    "FK": "Falkland Islands (Malvinas); Falklands; Malvinas",
    "FO": "Faroe; Faeroe Islands",
    "FR": "French Republic; République française",
    "GB": "UK; Great Britain; Britain; England; Scotland; Wales; Northern Ireland; Großbritannien; "
    "United Kingdom of Great Britain and Northern Ireland; United Kingdom (UK); Grande-Bretagne; "
    "Angleterre; Gran Bretaña; Inglaterra; Gran Bretagna; Inghilterra; "
    "Англия; İngiltere; Anglia; 英國",
    "GR": "EL; Hellas; Hellenic Republic",
    "HK": "Hong Kong; Hong Kong SAR; Hong Kong, China; Hongkong; 香港; 홍콩; Гонконг; ホンコン",
    "HM": "Heard Island and McDonald Islands",
    "IE": "Republic of Ireland; Éire; Southern Ireland",
    "IN": "Bharat",
    "IT": "Italian Republic; Repubblica Italiana",
    "KG": "Kyrgyz Republic; Киргизия",
    "KP": "Korea, Democratic People's Republic of; Democratic People's Republic of Korea; DPRK; "
    "Korea (the Democratic People's Republic of); Korea, North; North Korea (DPRK)",
    "KR": "Korea; Korea, South; 한국; Республика Корея; Южная Корея; ROK",
    "LA": "Lao People's Democratic Republic; Lao PDR",
    "MF": "Saint Martin (French part)",
    "MK": "Macedonia; Mazedonien; FYROM; Macedonia, the former Yugoslav Republic of",
    "MM": "Burma; Myanmar; Birma; Birmanie",
    "MO": "Macau; Macao; Macao SAR; Macau SAR; 澳门; 澳門; 마카오",
    "NL": "Holland; Hollande; Holanda; Olanda; Голландия",
    "PS": "Palestine; State of Palestine; Palestine, State of; Palästina",
    "RU": "Russian Federation; Russian Fed.; Российская Федерация; РФ; Russische Föderation",
    "SA": "KSA; السعودية",
    "SH": "Saint Helena, Ascension and Tristan da Cunha",
    "SK": "Slovak Republic; Slowakische Republik",
    "ST": "São Tomé",
    "SX": "Sint Maarten (Dutch part)",
    "SY": "Syrian Arab Republic",
    "SZ": "Swaziland",
    "GS": "South Georgia and the South Sandwich Islands",
    "TL": "East Timor",
    "TR": "Turkey",
    "TW": "Taiwan, Province of China; Republic of China; Chinese Taipei; "
    "Taiwan (R.O.C.); Taiwan, ROC",
    "UM": "United States Minor Outlying Islands",
    "US": "United States of America; United States (USA); United States (US); America; US of A; "
    "Vereinigte Staaten von Amerika; Amerika; États-Unis d'Amérique; EE.UU.; "
    "Estados Unidos de América; Estados Unidos da América; EUA; "
    "Stati Uniti d'America; США; ABD; アメリカ; 米国; 미국",
    "VA": "Holy See; Holy See (Vatican City State); Vatican; Vatikan",
    "VC": "Saint Vincent and the Grenadines",
    "VG": "Virgin Islands, British; Virgin Islands (British)",
    "VI": "Virgin Islands, U.S.; Virgin Islands (U.S.); Virgin Islands of the United States",
    "VN": "Viet Nam",
}

# Latin accents go, and what is no letter; the vowel signs of Indic scripts stay (U+0900 to U+17FF).
_NOT_IN_A_NAME = re.compile(r"(?:[_\u0300-\u036f]|[^\w\u0900-\u17ff])+")
# "Republic of Moldova", and "Moldova (the Republic of)" as ISO's own list has it.
_LONG_FORM = re.compile(
    r"(?:the )?(?:[a-z' ]+ )?(?:republic|kingdom|state|principality|sultanate) of (?:the )?(.+)"
    r"|(.+?) ?[,(] ?(?:the|[a-z' ]+ of(?: the)?)\)?",
    re.IGNORECASE,
)


def _key(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).casefold().replace("&", "and")
    key = _NOT_IN_A_NAME.sub("", folded).removeprefix("the")
    return "st" + key.removeprefix("saint") if key.startswith("saint") else key


def _territories(language: str) -> dict[str, str]:
    """CLDR's names. Babel would keep a megabyte a language for good, so they are let go again."""
    kept = language in localedata._cache
    names: dict[str, str] = localedata.load(language, merge_inherited=False)["territories"]
    if not kept:
        localedata._cache.pop(language, None)
    return names


@cache
def _codes() -> dict[str, str]:
    two = {code for code in _territories("en") if len(code) == 2 and code.isalpha()} - _NOT_ISO
    codes = {code: code for code in two}
    for alias, targets in get_global("territory_aliases").items():
        if len(alias) == 3 and len(targets) == 1 and targets[0] in two:
            codes[alias] = targets[0]
    return codes


@cache
def _names() -> dict[str, str]:
    codes = _codes()
    found: dict[str, set[str]] = {}
    for language in _LANGUAGES:
        for code, name in _territories(language).items():
            if code in codes:
                found.setdefault(_key(name), set()).add(code)
    # A name that means two countries in two languages is no evidence for either.
    names = {key: targets.pop() for key, targets in found.items() if len(targets) == 1}
    for code, others in _ALSO_CALLED.items():
        names.update(dict.fromkeys(map(_key, others.split(";")), code))
    for shared in _SHARED_NAMES:
        names.pop(_key(shared), None)
    return {code.lower(): country for code, country in codes.items()} | names


@lru_cache(maxsize=4_096)
def country_called(text: str) -> str | None:
    """Alpha-2 for a code or a name; None for what could be two countries."""
    text = text.strip()
    # "Áo" and "Nga" are Austria and Russia in Vietnamese; AO and NGA are Angola and Nigeria.
    if text.isascii() and (len(text) == 2 or text.isupper()) and text.upper() in _codes():
        return _codes()[text.upper()]
    country = _names().get(_key(text))
    if country is None and (long_form := _LONG_FORM.fullmatch(text)):
        country = _names().get(_key(long_form[1] or long_form[2]))
    return country
