"""Names of people and places as they are compared: one script, case and spelling of umlauts."""

import re
from functools import lru_cache

import jellyfish
from anyascii import anyascii

LENGTH = 120

_CAPITALS = re.compile(r"(?<=[a-z'])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")
# Both spellings of an umlaut, of which some people type the one and some the other.
_UMLAUT = re.compile(r"(?<=[aou])e")
_PARTICLES = frozenset(
    "von van vom zu zur de del della di da do dos das du la le el al ter ten den der af av bin ibn "
    "ben san st mc y e und".split()
)
_TITLES = frozenset(
    "mr mrs ms miss mister herr frau dr doctor prof professor dipl ing mag sir dame lord lady rev "
    "fr hr sr sra senor senora mme mlle monsieur madame signor signora dott pan pani "
    "gospodin".split()
)
_SUFFIXES = frozenset("jr sr ii iii iv junior senior phd md mba msc bsc ma ba llm cpa esq".split())


@lru_cache(maxsize=100_000)
def folded(text: str) -> str:
    """Lower-case ASCII words with single spaces: `Müller-Lüdenscheidt` is `muller ludenscheidt`."""
    if not text.isascii():
        text = _CAPITALS.sub(" ", anyascii(text[:LENGTH]))
    words = _WORD.findall(text[:LENGTH].lower().replace("'", "").replace("`", ""))
    return _UMLAUT.sub("", " ".join(words))


def given_of(first_name: str) -> str:
    """Given names without titles: `Dr. Anna-Lena` is `anna lena`."""
    words = folded(first_name).split()
    kept = [word for word in words if word not in _TITLES]
    return " ".join(kept or words)


def family_of(last_name: str) -> str:
    """A family name without particles and suffixes: `van der Berg Jr.` is `berg`."""
    words = folded(last_name).split()
    kept = [word for word in words if word not in _PARTICLES and word not in _SUFFIXES]
    return " ".join(kept or words)


def whole_of(full_name: str) -> str:
    """Every word of a name but titles and suffixes."""
    words = folded(full_name).split()
    kept = [word for word in words if word not in _TITLES and word not in _SUFFIXES]
    return " ".join(kept or words)


@lru_cache(maxsize=100_000)
def sound(word: str) -> str:
    """What a folded word sounds like; the word itself where that says nothing."""
    # Spellings that come from writing one script in another, which metaphone keeps apart.
    plain = (
        word.replace(" ", "")
        .replace("tsch", "ch")
        .replace("sch", "sh")
        .replace("cz", "ch")
        .replace("ow", "ov")
        .replace("w", "v")
        .replace("j", "y")
    )
    return jellyfish.metaphone(plain).replace(" ", "") or word


_STREET_WORDS = {
    "street": "st", "str": "st", "strasse": "st", "strase": "st", "straße": "st", "st": "st",
    "avenue": "av", "ave": "av", "av": "av", "avenida": "av", "road": "rd", "rd": "rd",
    "boulevard": "bd", "blvd": "bd", "bvd": "bd", "lane": "ln", "ln": "ln", "drive": "dr",
    "dr": "dr", "place": "pl", "pl": "pl", "platz": "pl", "square": "sq", "sq": "sq",
    "court": "ct", "ct": "ct", "crescent": "cr", "cres": "cr", "cr": "cr", "close": "cl",
    "circuit": "cct", "cct": "cct", "terrace": "tce", "tce": "tce", "highway": "hwy", "hwy": "hwy",
    "parade": "pde", "pde": "pde", "rue": "rue", "via": "via", "calle": "calle", "c": "calle",
    "ulica": "ul", "ul": "ul", "ulitsa": "ul",
}  # fmt: skip
_STREET_ENDING = re.compile(r"(?:str|strasse|straße)\b")
_HOUSE = re.compile(r"\d+[a-z]?")
_APART = re.compile(r"(?<=\d) (?=[a-z]\b)")


@lru_cache(maxsize=50_000)
def street_of(street: str) -> tuple[str, str]:
    """The street's words with the usual short forms, and the house number: `haupt st`, `12`."""
    text = _STREET_ENDING.sub(" st", street[:LENGTH].lower().replace(".", " "))
    words = _APART.sub("", folded(text)).split()
    numbers = [word for word in words if _HOUSE.fullmatch(word)]
    others = [_STREET_WORDS.get(word, word) for word in words if not _HOUSE.fullmatch(word)]
    return " ".join(others), numbers[0] if numbers else ""


_COUNTRY_PREFIX = re.compile(r"^[a-z]{1,2}(?=\d{4,5}$)")
_ZIP_AND_FOUR = re.compile(r"\d{9}")


def postal_code_of(postal_code: str) -> str:
    """Letters and digits alone, without a country's prefix: `D-10115` is `10115`."""
    text = folded(postal_code).replace(" ", "")
    bare = _COUNTRY_PREFIX.sub("", text)
    # The second half of a ZIP+4 names a block of houses.
    return bare[:5] if _ZIP_AND_FOUR.fullmatch(bare) else bare
