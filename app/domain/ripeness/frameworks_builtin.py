"""The frameworks that come with the service, to start one's own from."""

from collections.abc import Mapping

from app.domain.ripeness.frameworks import (
    BANT,
    ConflictRule,
    Definition,
    EvidenceRule,
    FrameworkCriterion,
    Option,
)
from app.domain.ripeness.qualification import QualificationPolicy, definition_of

QUARTER, HALF_YEAR = 90, 180


def _options(*told: tuple[str, int, str]) -> tuple[Option, ...]:
    return tuple(Option(value=value, label=label, points=points) for value, points, label in told)


_METRICS = FrameworkCriterion(
    key="metrics",
    label="Metrics",
    question="Which figures would have to change for this to be a success, and by how much?",
    help="What the buyer gains, in the buyer's own numbers.",
    weight=15,
    required=True,
    answers=_options(
        ("agreed", 100, "The buyer has confirmed the figures and the gain."),
        ("quantified", 70, "We have worked out the gain; the buyer has not confirmed it."),
        ("qualitative", 30, "A gain is named, without figures."),
        ("none", 0, "Nobody can say what would be gained."),
    ),
    expires_after_days=HALF_YEAR,
)
_ECONOMIC_BUYER = FrameworkCriterion(
    key="economic_buyer",
    label="Economic buyer",
    question="Who can spend this money even if nobody else agrees?",
    help="One person. Say the name as `detail`; two names are a conflict to settle.",
    weight=20,
    required=True,
    answers=_options(
        ("committed", 100, "Has told us that they will buy when the criteria are met."),
        ("met", 75, "We have spoken to them about it."),
        ("identified", 40, "We know who it is and have not met."),
        ("none", 0, "Nobody holds the budget."),
    ),
    expires_after_days=HALF_YEAR,
)
_DECISION_CRITERIA = FrameworkCriterion(
    key="decision_criteria",
    label="Decision criteria",
    question="By what will you compare the offers?",
    weight=15,
    required=True,
    answers=_options(
        ("in_our_favour", 100, "Written down, and they fit what we do best."),
        ("known", 70, "Written down."),
        ("vague", 30, "Named in passing."),
        ("against_us", 10, "Written down, and they fit somebody else."),
    ),
    expires_after_days=HALF_YEAR,
)
_DECISION_PROCESS = FrameworkCriterion(
    key="decision_process",
    label="Decision process",
    question="What happens between liking our offer and signing it, who does it, and by when?",
    weight=15,
    required=True,
    answers=_options(
        ("agreed_plan", 100, "Steps, people and dates are agreed with the buyer."),
        ("known", 70, "Steps and people are known."),
        ("partial", 30, "Some steps are known."),
        ("none", 0, "Nobody knows how it would be decided."),
    ),
    expires_after_days=QUARTER,
)
_PAPER_PROCESS = FrameworkCriterion(
    key="paper_process",
    label="Paper process",
    question="What do purchasing, legal and security need before anybody may sign?",
    weight=10,
    answers=_options(
        ("under_way", 100, "The papers are being checked."),
        ("known", 70, "Known, with the time it takes."),
        ("partial", 30, "Some of it is known."),
    ),
    expires_after_days=QUARTER,
)
_PAIN = FrameworkCriterion(
    key="identify_pain",
    label="Identified pain",
    question="What happens if you leave everything as it is?",
    weight=20,
    required=True,
    answers=(
        *_options(
            ("compelling", 100, "The damage has a date or a price, and an owner."),
            ("recognised", 70, "A recognised problem that somebody is told to solve."),
            ("latent", 25, "A problem that we see and they do not."),
        ),
        Option(value="none", label="There is no problem.", points=0, knock_out=True),
    ),
    evidence=EvidenceRule.REQUIRED,
    expires_after_days=HALF_YEAR,
)
_CHAMPION = FrameworkCriterion(
    key="champion",
    label="Champion",
    question="Who will speak for us when we are not in the room?",
    help="There may be several: name each as `detail`.",
    weight=15,
    required=True,
    answers=_options(
        ("tested", 100, "Has influence, gains by it, and has done something for us."),
        ("developing", 60, "Has influence and is on our side; not put to the test."),
        ("coach", 30, "Helps us and has no influence."),
        ("none", 0, "Nobody speaks for us."),
    ),
    several=True,
    expires_after_days=QUARTER,
)
_COMPETITION = FrameworkCriterion(
    key="competition",
    label="Competition",
    question="What else are you looking at, doing nothing included?",
    help="There may be several: name each as `detail`.",
    weight=10,
    answers=_options(
        ("none", 100, "Nobody else is asked."),
        ("behind", 75, "Others are asked, and we are preferred."),
        ("level", 50, "Others are asked."),
        ("ahead", 10, "Somebody else is preferred."),
    ),
    several=True,
    expires_after_days=QUARTER,
)


def _deal(key: str, name: str, *criteria: FrameworkCriterion) -> Definition:
    return Definition(
        key=key,
        name=name,
        criteria=criteria,
        qualified_at=65,
        conflicts=ConflictRule.HOLD,
    )


MEDDIC = _deal(
    "meddic",
    "MEDDIC",
    _METRICS,
    _ECONOMIC_BUYER,
    _DECISION_CRITERIA,
    _DECISION_PROCESS,
    _PAIN,
    _CHAMPION,
)
MEDDPICC = _deal(
    "meddpicc",
    "MEDDPICC",
    _METRICS,
    _ECONOMIC_BUYER,
    _DECISION_CRITERIA,
    _DECISION_PROCESS,
    _PAPER_PROCESS,
    _PAIN,
    _CHAMPION,
    _COMPETITION,
)

TEMPLATES: Mapping[str, Definition] = {
    BANT: definition_of(QualificationPolicy()),
    MEDDIC.key: MEDDIC,
    MEDDPICC.key: MEDDPICC,
}
