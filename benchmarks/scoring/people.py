"""People made up by a hidden rule: who they are and what they do decides how likely they convert.

What is told of them is not all there is: fields are missing, choices unanswered, sources spelt in
many ways, and touches that mean nothing stand between those that do. And once somebody has talked
to them, fields are filled in that foretell the verdict, because they follow from it.
"""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Touches from so many days before a lead came until so many days after count for the rule.
DAYS_BEFORE, DAYS_AFTER = 60, 14
HALF_LIFE_DAYS = 20.0
BASE = -2.35
MISSING, UNANSWERED = 0.04, 0.04
SELECT = "Select"

# What each counts for in the rule, and how often it occurs.
INDUSTRIES = {
    "Software": 1.0,
    "Manufacturing": 0.4,
    "Finance": 0.1,
    "Retail": -0.4,
    "Public sector": -1.1,
}
# The smallest number of employees of each band.
SIZES = {1: -1.0, 10: -0.1, 50: 0.7, 250: 1.0, 1000: 0.2}
COUNTRIES = {"DE": 0.3, "AT": 0.2, "CH": 0.4, "FR": -0.2, "US": -0.5}
ROLES = {"Decision maker": 1.1, "Influencer": 0.4, "User": -0.4, "Student": -1.7}
SOURCES = {"referral": 0.9, "webinar": 0.4, "search": 0.0, "social": -0.5, "fair": 0.1}
KINDS = {
    "demo_requested": 1.5,
    "content_downloaded": 0.5,
    "email_clicked": 0.3,
    "page_viewed": 0.1,
    "unsubscribed": -1.8,
    # Robots open mails, and everybody is called.
    "email_opened": 0.0,
}
HOW_OFTEN = {
    "demo_requested": 0.25,
    "content_downloaded": 0.9,
    "email_clicked": 1.2,
    "page_viewed": 3.0,
    "unsubscribed": 0.12,
    "email_opened": 2.0,
}
SPELLINGS = {
    "referral": ["Referral", "referral", "Referral ", "REFERRAL", "Word of mouth"],
    "webinar": ["Webinar", "webinar", "Web inar", "WEBINAR "],
    "search": ["Google", "google", "Google Ads", "Organic Search", "google.com"],
    "social": ["LinkedIn", "linkedin", "Linked In", "Facebook"],
    "fair": ["Trade fair", "trade fair", "Messe", "Trade Fair 2025"],
}
OCCURRENCE: dict[str, list[float]] = {
    "industry": [3, 3, 2, 2, 1],
    "country": [5, 1, 1, 1, 2],
    "role": [3, 3, 3, 1],
    "source": [1, 2, 4, 2, 1],
}
# Of the logarithm of the number of employees.
SIZE_MEAN, SIZE_SPREAD = 4.2, 1.8
CITIES = "Berlin Wien Bern Paris Boston Hamburg Graz Basel Lyon Austin".split()
QUALITIES = ("High in relevance", "Might be", "Not sure", "Worst")
TAGS = {
    True: ("Will revert after reading the email", "Closed by sales", "Interested"),
    False: ("Ringing", "Not interested", "Already a customer elsewhere", "Interested"),
}


@dataclass(kw_only=True)
class Person:
    """Somebody, with the probability of converting and what becomes of them.

    `best_guess` is the probability for somebody who knows the rule and the touches, but of the rest
    only what was told: nobody can do better. `told` is what the lead says at first, `late` what is
    filled in after contact. Touches are kinds with days from the lead's creation; those of
    `contact` happen when sales is at work.
    """

    number: int
    told: dict[str, Any]
    late: dict[str, Any]
    touches: list[tuple[str, float]]
    contact: list[tuple[str, float]]
    probability: float
    best_guess: float
    converted: bool
    custom: dict[str, Any] = field(default_factory=dict)
    late_custom: dict[str, Any] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """Their address, by which imports name them."""
        return f"person.{self.number}@firm{self.number}.example"


def people(seed: int, count: int, *, first: int = 0) -> list[Person]:
    """So many people, the same ones for the same seed."""
    chance = random.Random(f"{seed}/{first}")
    return [_person(chance, first + number) for number in range(count)]


def _person(chance: random.Random, number: int) -> Person:
    employees = int(math.exp(chance.gauss(SIZE_MEAN, SIZE_SPREAD))) + 1
    true = {
        name: chance.choices(list(effects), OCCURRENCE[name])[0]
        for name, effects in _EFFECTS.items()
        if name in OCCURRENCE
    } | {"employee_count": max(least for least in SIZES if least <= employees)}
    touches = _touches(chance)
    told: dict[str, Any] = {
        "full_name": f"Person {number}",
        "company": f"Firm {number}",
        "city": chance.choice(CITIES),
        "industry": true["industry"],
        "employee_count": employees,
        "country": true["country"],
        "source": chance.choice(SPELLINGS[true["source"]]),
    }
    custom = {"newsletter": chance.choice(["yes", "no"]), "role": true["role"]}
    untold = [name for name in true if chance.random() < MISSING]
    for name in untold:
        (custom if name == "role" else told).pop(name)
    if "role" in custom and chance.random() < UNANSWERED:
        custom["role"] = SELECT
        untold.append("role")
    behaviour = _behaviour(touches)
    probability = _mean_probability(true, (), behaviour)
    converted = chance.random() < probability
    late, late_custom = _filled_in(chance, converted=converted)
    calls = chance.randint(2, 4) if converted else chance.randint(0, 2)
    return Person(
        number=number,
        told=told,
        late=late,
        touches=touches,
        contact=[("call", chance.uniform(15, 19)) for _ in range(calls)],
        probability=probability,
        best_guess=_mean_probability(true, untold, behaviour),
        converted=converted,
        custom=custom,
        late_custom=late_custom,
    )


_EFFECTS: dict[str, Mapping[Any, float]] = {
    "industry": INDUSTRIES,
    "employee_count": SIZES,
    "country": COUNTRIES,
    "role": ROLES,
    "source": SOURCES,
}


def _mean_probability(true: Mapping[str, Any], untold: Iterable[str], behaviour: float) -> float:
    """The rule, averaged over what the untold values may be."""
    heights = [(1.0, BASE + behaviour)]
    for name, effects in _EFFECTS.items():
        options = _shares(name) if name in untold else {true[name]: 1.0}
        heights = [
            (weight * share, height + effects[value])
            for weight, height in heights
            for value, share in options.items()
        ]
    return sum(weight / (1 + math.exp(-height)) for weight, height in heights)


def _shares(name: str) -> dict[Any, float]:
    """How often each value occurs."""
    effects = _EFFECTS[name]
    if name in OCCURRENCE:
        total = sum(OCCURRENCE[name])
        return {
            value: weight / total for value, weight in zip(effects, OCCURRENCE[name], strict=True)
        }
    edges = [*(_share_below(least) for least in effects), 1.0]
    edges[0] = 0.0
    return {least: edges[n + 1] - edges[n] for n, least in enumerate(effects)}


def _share_below(employees: int) -> float:
    if employees <= 1:
        return 0.0
    return 0.5 + 0.5 * math.erf((math.log(employees - 1) - SIZE_MEAN) / SIZE_SPREAD / math.sqrt(2))


def _touches(chance: random.Random) -> list[tuple[str, float]]:
    """Some are keener than others, and all are keenest around the day on which they become a
    lead."""
    keen = chance.gammavariate(1.5, 1 / 1.5)
    found = [
        (kind, _when(chance))
        for kind, often in HOW_OFTEN.items()
        for _ in range(_poisson(chance, often * (1.0 if kind == "unsubscribed" else keen)))
    ]
    return sorted(found, key=lambda touch: touch[1])


def _when(chance: random.Random) -> float:
    if chance.random() < 0.6:
        return chance.uniform(0, DAYS_AFTER - 0.1)
    return max(-DAYS_BEFORE, -chance.expovariate(1 / 15)) - 0.01


def _behaviour(touches: list[tuple[str, float]]) -> float:
    """What they did, each touch halving with its age, and saturating in all."""
    total = sum(KINDS[kind] * 2 ** (-(DAYS_AFTER - day) / HALF_LIFE_DAYS) for kind, day in touches)
    return 2.5 * math.tanh(total / 2.5)


def _filled_in(chance: random.Random, *, converted: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is known after contact and follows from the verdict: bait for whoever learns of it."""
    late: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    if chance.random() < (0.9 if converted else 0.1):
        late["annual_revenue_minor"] = chance.randint(10, 900) * 1_000_000
        late["currency"] = "EUR"
    if chance.random() < 0.9:
        likely = [8, 3, 1, 0] if converted else [0, 2, 4, 8]
        custom["lead_quality"] = chance.choices(QUALITIES, likely)[0]
    if chance.random() < 0.8:
        custom["tags"] = chance.choice(TAGS[converted])
    return late, custom


def _poisson(chance: random.Random, mean: float) -> int:
    """Knuth, The Art of Computer Programming 2, section 3.4.1, algorithm Q."""
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count
