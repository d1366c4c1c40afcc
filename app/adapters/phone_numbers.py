"""The usual spellings of phone numbers, read ten times faster than the library reads them.

Only a number that is certainly valid is answered here; whatever else there is to a number is left
to the library, whose metadata these are. A test holds both equal.
"""

import re
from functools import cache
from typing import Any, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonenumberutil import country_code_for_valid_region

# Digits in groups, and nothing that could begin an extension or a second number.
_USUAL = re.compile(r"\+?[0-9(][0-9 ().-]{4,28}[0-9]", re.ASCII)
_SIGNS = str.maketrans("", "", " ().-")
_TYPES = (
    "mobile",
    "fixed_line",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
_NON_GEOGRAPHIC = "001"


class _Numbers(NamedTuple):
    """The numbers of a kind: how long they are, and how they begin."""

    lengths: frozenset[int]
    pattern: re.Pattern[str]

    def have(self, digits: str) -> bool:
        return (not self.lengths or len(digits) in self.lengths) and bool(
            self.pattern.fullmatch(digits)
        )


class _Region(NamedTuple):
    """What the library knows of a region's numbers."""

    code: int
    leading: re.Pattern[str] | None
    all: _Numbers | None
    kinds: tuple[_Numbers, ...]
    prefix: re.Pattern[str] | None
    abroad: re.Pattern[str] | None
    is_plain: bool

    def has(self, digits: str) -> bool:
        if self.all is None or not self.all.have(digits):
            return False
        return any(kind.have(digits) for kind in self.kinds)


def quick_e164(raw: str, country: str | None) -> str | None:
    """The number in E.164 when it is a usual one and valid; None leaves it to the library."""
    if not _USUAL.fullmatch(raw):
        return None
    digits = raw.translate(_SIGNS)
    if digits[0] == "+":
        return _international(digits[1:])
    return _national(digits, country) if country else None


def _international(digits: str) -> str | None:
    for length in (1, 2, 3):
        code = digits[:length]
        if code[0] != "0" and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            national = digits[length:]
            main = _main_region(int(code))
            if main is None or _is_special(national, main):
                return None
            return f"+{code}{national}" if _is_valid(int(code), national) else None
    return None


def _national(digits: str, country: str) -> str | None:
    region = _region_called(country.upper())
    if region is None or not region.is_plain:
        return None
    if region.abroad is None or region.abroad.match(digits):
        return None
    code = str(region.code)
    if digits[0] == "0":
        # The prefix of calls within the country, where it is a 0 and nothing else.
        if region.prefix is None or region.prefix.pattern != "0":
            return None
        national = digits[1:]
    else:
        national = digits
        if national.startswith(code):
            return None
    if _is_special(national, region):
        return None
    return f"+{code}{national}" if _is_valid(region.code, national) else None


def _is_special(national: str, region: _Region) -> bool:
    """Whether the library would look closer: zeros that belong to the number, further prefixes."""
    if not 2 < len(national) <= 17 or national[0] == "0" or not region.is_plain:
        return True
    return region.prefix is not None and region.prefix.match(national) is not None


def _is_valid(code: int, national: str) -> bool:
    regions = _regions_of(code)
    if len(regions) == 1:
        return regions[0] is not None and regions[0].has(national)
    for region in regions:
        if region is None:
            continue
        if region.leading is not None:
            if region.leading.match(national):
                return region.has(national)
        elif region.has(national):
            return True
    return False


@cache
def _regions_of(code: int) -> tuple[_Region | None, ...]:
    names = COUNTRY_CODE_TO_REGION_CODE[code]
    return tuple(
        _read(PhoneMetadata.metadata_for_region_or_calling_code(code, name), code) for name in names
    )


@cache
def _main_region(code: int) -> _Region | None:
    name = COUNTRY_CODE_TO_REGION_CODE[code][0]
    return _read(PhoneMetadata.metadata_for_region_or_calling_code(code, name), code)


@cache
def _region_called(name: str) -> _Region | None:
    metadata = PhoneMetadata.metadata_for_region(name, None)
    if metadata is None or name == _NON_GEOGRAPHIC:
        return None
    return _read(metadata, country_code_for_valid_region(name))


def _read(metadata: Any, code: int) -> _Region | None:
    if metadata is None:
        return None
    kinds = [
        numbers
        for name in _TYPES
        if not (name == "mobile" and metadata.same_mobile_and_fixed_line_pattern)
        if (numbers := _numbers(getattr(metadata, name)))
    ]
    return _Region(
        code=code,
        leading=_compiled(metadata.leading_digits),
        all=_numbers(metadata.general_desc),
        kinds=tuple(kinds),
        prefix=_compiled(metadata.national_prefix_for_parsing),
        abroad=_compiled(metadata.international_prefix),
        is_plain=metadata.national_prefix_transform_rule is None,
    )


def _numbers(description: Any) -> _Numbers | None:
    if description is None or not description.national_number_pattern:
        return None
    pattern = re.compile(description.national_number_pattern)
    return _Numbers(frozenset(description.possible_length), pattern)


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
