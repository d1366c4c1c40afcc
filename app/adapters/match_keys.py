"""Keys under which records that may be one are found together, as numbers of 64 bits.

A key is a hash: an index of numbers is small, and nothing about a person stands in it. Two records
with a common key are compared; whether they are one, the comparison alone decides.
"""

from collections.abc import Iterator
from hashlib import blake2b

from app.adapters.name_forms import sound
from app.domain.leads.matching import Features

MOST_CUSTOM = 4
MOST_TRIGRAMS = 4
SHORTEST_CUSTOM = 5


def name_keys(features: Features) -> list[int]:
    """The keys of all but addresses and numbers."""
    return [_hashed(kind, value) for kind, value in dict.fromkeys(_keys(features))]


def kinds_of(features: Features) -> dict[str, list[int]]:
    """The keys by what they are made of, for who has to know how a pair was found."""
    found: dict[str, list[int]] = {}
    for kind, value in dict.fromkeys(_keys(features)):
        found.setdefault(kind, []).append(_hashed(kind, value))
    return found


def reach_keys(features: Features) -> list[int]:
    """The keys of addresses and numbers."""
    emails = [_hashed("email", box.address) for box in features.mailboxes]
    return emails + [_hashed("phone", phone) for phone in sorted(features.phones)]


def lead_key(features: Features) -> str:
    """What is stored with a lead; its addresses and numbers are found among its identities."""
    return _joined(name_keys(features))


def record_key(features: Features) -> str:
    """What is stored with a contact or an account."""
    return _joined(name_keys(features) + reach_keys(features))


def _joined(keys: list[int]) -> str:
    return " ".join(map(str, keys))


def term(field: str, value: str) -> int:
    """The number under which the frequency of a value is kept."""
    return _hashed(field, value)


def _hashed(kind: str, value: str) -> int:
    digest = blake2b(f"{kind}\x1f{value}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _keys(features: Features) -> Iterator[tuple[str, str]]:
    yield from _person_keys(features)
    if not features.named:
        yield from _company_keys(features)
    for key in sorted(features.custom)[: 2 * MOST_CUSTOM]:
        value = features.custom[key]
        # What tells one person from others has digits in it: a day, a number, a code.
        if len(value) >= SHORTEST_CUSTOM and any(letter.isdigit() for letter in value):
            yield f"custom.{key}", value


def _person_keys(features: Features) -> Iterator[tuple[str, str]]:
    given, family = features.given, features.family
    roots = features.given_roots[:2] or ((given,) if given else ())
    if given and family:
        for root in roots:
            # In either order: names are typed into the wrong boxes.
            yield "names", " ".join(sorted((sound(root), features.family_sound)))
    elif features.whole:
        yield "whole", "".join(sorted(features.whole.replace(" ", "")))
    places = list(_places(features))
    for family_sound in _family_sounds(features):
        for place in places:
            yield "family", f"{family_sound} {place}"
    # For those whose family name was mistyped or has changed; one place is enough.
    for place in places[:1]:
        for root in roots:
            yield "given", f"{sound(root)} {place}"


def _family_sounds(features: Features) -> list[str]:
    """What the family name sounds like; any word may be it when nobody could take a name apart."""
    if features.family:
        return [features.family_sound]
    return [] if features.given else [sound(word) for word in features.whole.split()[:4]]


def _places(features: Features) -> Iterator[str]:
    """Where a name is looked for: a company's domain and its name, a postal code."""
    yield from sorted(features.domains)[:1]
    if features.company:
        yield features.company
    if features.postal_code:
        yield features.postal_code


def _company_keys(features: Features) -> Iterator[tuple[str, str]]:
    """For records without a person: the name in one word, its rarest trigrams, and its domains."""
    company = features.company.replace(" ", "")
    if company:
        yield "company", company
        for trigram in _rarest_trigrams(features.company):
            yield "trigram", trigram
    for domain in sorted(features.domains)[:2]:
        yield "domain", domain


# How often letters come in names of companies, rarest first; digits are rarer than most letters.
_RARITY = {letter: place for place, letter in enumerate("0123456789qxzjywkvfbgphudmcltsorniea ")}


def _rarest_trigrams(company: str) -> list[str]:
    """Two names with most trigrams in common share one of the rarest of either."""
    padded = f" {company} "
    trigrams = {padded[start : start + 3] for start in range(len(padded) - 2)}
    ranked = sorted(trigrams, key=lambda t: (sum(_RARITY.get(letter, 0) for letter in t), t))
    return ranked[:MOST_TRIGRAMS]


def account_keys(features: Features) -> list[int]:
    """The keys under which the account of a person's company is found."""
    keys = [_hashed(kind, value) for kind, value in _company_keys(features)]
    return keys + [_hashed("phone", phone) for phone in sorted(features.phones)]
