"""What is left of a company's name when legal form, case, script and punctuation are taken away."""

import re
import unicodedata
from functools import cache, lru_cache

from anyascii import anyascii
from cleanco.termdata import (  # type: ignore[import-untyped]
    terms_by_country,
    terms_by_type,
)

LENGTH = 200

# The library knows none of these: they are other scripts, or short for a form it knows.
_FORMS_IN_OTHER_SCRIPTS = (
    # Russian, Ukrainian, Bulgarian, Kazakh, Serbian
    "ооо оао зао пао ао ип тов тоо одо чп пп нао фгуп гуп муп еоод оод еад ад доо ат прат "
    # Greek
    "αε α.ε. επε ε.π.ε. οε ο.ε. εε ε.ε. ικε ι.κ.ε. "
    # Hebrew, Arabic
    'בע"מ בעמ ש.م.م. شركة ش.م.م ش.م.ع ذ.م.م م.م.ح '
    # Thai, Georgian, Armenian
    "บริษัท จำกัด มหาชน შპს სს ՍՊԸ ՓԲԸ"
)
# Written without a space before or after the name.
_ATTACHED = re.compile(
    r"株式会社|有限会社|合同会社|合資会社|合名会社|一般社団法人|\(株\)|\(有\)|\(同\)"
    r"|股份有限公司|有限责任公司|有限責任公司|股份公司|有限公司|集团公司|集团|集團|公司"
    r"|주식회사|유한회사|유한책임회사|\(주\)|\(유\)|บริษัท|จำกัด|\(มหาชน\)"
)
_FURTHER_FORMS = (
    "gmbh mbh gbr ohg kg ug ag ev eg kgaa se inc incorporated corp corporation co company llc llp "
    "lp ltd limited plc pllc pty pte pvt private sa sas sasu sarl eurl snc srl spa sl slu sc bv nv "
    "vof cv ab as asa aps oy oyj kft zrt nyrt bt doo dd sro spol sp zoo zo o.o ooo oao zao pao ao "
    "tov ltda eireli sab kk yk gk sdn bhd tbk pt cia sia uab oü ou eood ood ead ad jsc "
    "pjsc cjsc ojsc"
)
_JOINED = frozenset({"and", "und", "et", "y", "e", "og", "och", "i", "the"})
_WORD = re.compile(r"[a-z0-9]+")
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@lru_cache(maxsize=50_000)
def company_core(name: str) -> str:
    """The words that tell a company from others: `Müller & Söhne GmbH & Co. KG` is `muller sohne`.

    A name that is nothing but legal forms is left as it is. Umlauts may be spelled either way.
    """
    text = unicodedata.normalize("NFKC", name[:LENGTH]).casefold()
    bare = _ATTACHED.sub(" ", text)
    words = _words(_without_forms(bare if bare.strip(" ()・") else text))
    stripped = _stripped(words)
    while stripped and stripped[0] == "the":
        stripped = stripped[1:]
    return " ".join(word for word in stripped or words if word not in _JOINED) or " ".join(words)


def _without_forms(text: str) -> str:
    if text.isascii():
        return text
    words = text.replace("«", " ").replace("»", " ").replace("„", " ").split()
    kept = [word for word in words if word.strip("\"'“”,()") not in _other_scripts()]
    return " ".join(kept or words)


@cache
def _other_scripts() -> frozenset[str]:
    return frozenset(_FORMS_IN_OTHER_SCRIPTS.casefold().split())


def _words(text: str) -> tuple[str, ...]:
    """ASCII words; the dots of `s.r.o.` join, other punctuation parts."""
    plain = text
    if not text.isascii():
        plain = _CAPITALS.sub(" ", anyascii(text)).lower()
    return tuple(
        word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
        for word in _WORD.findall(plain.replace(".", "").replace("'", ""))
    )


@cache
def _forms() -> frozenset[tuple[str, ...]]:
    listed = (*terms_by_type.values(), *terms_by_country.values())
    forms = {_words(term.casefold()) for terms in listed for term in terms}
    forms |= {(word,) for word in _FURTHER_FORMS.split()}
    return frozenset(form for form in forms if form)


@cache
def _longest() -> int:
    return max(map(len, _forms()))


def _stripped(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without the legal forms at the end, and without one that stands in front."""
    found = True
    while found and len(words) > 1:
        found = False
        for length in range(min(_longest(), len(words) - 1), 0, -1):
            if words[-length:] in _forms():
                words, found = words[:-length], True
                break
        if len(words) > 1 and words[-1] in _JOINED:
            words, found = words[:-1], True
    if len(words) > 1 and len(words[0]) > 1 and (words[0],) in _leading():
        words = words[1:]
    return words


@cache
def _leading() -> frozenset[tuple[str, ...]]:
    return frozenset((word,) for word in "ooo oao zao pao ao tov too pt firma".split())
