"""The quick reading of phone numbers says what the library says, or nothing."""

import phonenumbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.adapters.phone_numbers import quick_e164

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = [
    getattr(phonenumbers.PhoneNumberType, name)
    for name in ("FIXED_LINE", "MOBILE", "TOLL_FREE", "PREMIUM_RATE", "VOIP", "UAN")
]


def by_the_library(raw: str, country: str | None) -> str | None:
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@st.composite
def near_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Numbers of any country as people write them, some of them with a digit too many."""
    region = draw(st.sampled_from(REGIONS))
    kind = draw(st.sampled_from(TYPES))
    known = phonenumbers.example_number_for_type(region, kind)
    if known is None:
        return draw(st.from_regex(r"\+?[0-9 ]{5,15}", fullmatch=True)), region
    form = draw(
        st.sampled_from(
            [
                phonenumbers.PhoneNumberFormat.E164,
                phonenumbers.PhoneNumberFormat.INTERNATIONAL,
                phonenumbers.PhoneNumberFormat.NATIONAL,
            ]
        )
    )
    text = phonenumbers.format_number(known, form)
    place = draw(st.integers(0, len(text)))
    change = draw(st.sampled_from(["", "", "", "0", "1", "9", "-", " ", "(0)", "00"]))
    cut = draw(st.sampled_from([0, 0, 0, 1]))
    return text[:place] + change + text[place + cut :], draw(st.sampled_from([region, "DE", "US"]))


@settings(max_examples=1_500, deadline=None)
@given(near_numbers())
@example(("+49 (0)30 901820", "DE"))
@example(("+39 06 698 83712", "IT"))
@example(("030 901820", "DE"))
@example(("(212) 555-2368", "US"))
@example(("8 800 555-35-35", "RU"))
@example(("4930901820", "DE"))
@example(("0049 30 901820", "DE"))
@example(("+590 690 00-1234", "FR"))
def test_what_is_answered_is_what_the_library_says(case: tuple[str, str]) -> None:
    raw, country = case
    found = quick_e164(raw, country)
    assert found is None or found == by_the_library(raw, country)


def test_usual_numbers_are_answered() -> None:
    """Else nothing would be faster."""
    answered = 0
    for region in REGIONS:
        known = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if known is not None:
            text = phonenumbers.format_number(known, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
            answered += quick_e164(text, None) == by_the_library(text, None)
    assert answered > 0.8 * len(REGIONS)
    assert quick_e164("030 901820", "DE") == "+4930901820"
