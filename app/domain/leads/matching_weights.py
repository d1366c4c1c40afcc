"""How often matches (m) and other pairs (u) reach each level, before a workspace's own data say so.

Set by hand from what is known of such data, the same for every workspace; `POST
/v1/matching/estimate` puts a workspace's own in their place. Of the levels that describe the same
evidence in several situations, `exact_other_name` is for pairs whose names speak against one
person, and `exact_unclear` for those whose given names are not known: a common phone or address is
what colleagues and families have.
"""

from typing import NamedTuple


class Rates(NamedTuple):
    """Shares from 0 to 1 of matches, and of pairs that are none."""

    m: float
    u: float


# One pair in about ten thousand of those that are compared at all; the log2 of the odds.
PRIOR = -13.0

WEIGHTS: dict[str, dict[str, Rates]] = {
    "email": {
        "exact": Rates(0.60, 0.000_001),
        "exact_unclear": Rates(0.20, 0.000_01),
        "exact_shared": Rates(0.05, 0.001),
        "exact_other_name": Rates(0.03, 0.000_01),
        "close": Rates(0.04, 0.000_02),
        "local_part": Rates(0.06, 0.000_2),
        "local_part_name": Rates(0.06, 0.02),
        "domain": Rates(0.04, 0.50),
        "different": Rates(0.25, 0.80),
    },
    "phone": {
        "exact": Rates(0.55, 0.000_02),
        "exact_unclear": Rates(0.10, 0.002),
        "exact_shared": Rates(0.05, 0.01),
        "exact_other_name": Rates(0.02, 0.01),
        "different": Rates(0.35, 0.99),
    },
    "given_name": {
        "exact": Rates(0.75, 0.01),
        "nickname": Rates(0.06, 0.002),
        "close": Rates(0.08, 0.004),
        "part": Rates(0.03, 0.004),
        "beginning": Rates(0.02, 0.008),
        "initial": Rates(0.04, 0.03),
        "swapped": Rates(0.02, 0.000_2),
        "different": Rates(0.02, 0.95),
    },
    "family_name": {
        "exact": Rates(0.85, 0.002),
        "close": Rates(0.07, 0.003),
        "part": Rates(0.02, 0.002),
        "initial": Rates(0.01, 0.05),
        "swapped": Rates(0.02, 0.000_2),
        "different": Rates(0.03, 0.95),
    },
    "name": {
        "exact": Rates(0.75, 0.000_1),
        "close": Rates(0.10, 0.001),
        "part": Rates(0.08, 0.01),
        "different": Rates(0.03, 0.98),
    },
    "company": {
        "exact": Rates(0.65, 0.001),
        "close": Rates(0.12, 0.002),
        "domain": Rates(0.08, 0.001),
        "different": Rates(0.15, 0.99),
    },
    "account": {
        "exact": Rates(0.80, 0.000_02),
        "close": Rates(0.10, 0.000_2),
        "domain": Rates(0.08, 0.000_2),
        "different": Rates(0.08, 0.99),
    },
    "address": {
        "exact": Rates(0.45, 0.000_2),
        "close": Rates(0.20, 0.000_6),
        "street": Rates(0.05, 0.001),
        "postal_code": Rates(0.10, 0.008),
        "city": Rates(0.08, 0.04),
        "exact_unclear": Rates(0.10, 0.01),
        "exact_other_name": Rates(0.05, 0.04),
        "different": Rates(0.20, 0.95),
    },
    "country": {
        "exact": Rates(0.97, 0.60),
        "different": Rates(0.03, 0.40),
    },
    # A custom field without rates of its own; its values are mostly numbers, dates and codes.
    "custom": {
        "exact": Rates(0.85, 0.003),
        "close": Rates(0.08, 0.004),
        "different": Rates(0.07, 0.99),
    },
}
