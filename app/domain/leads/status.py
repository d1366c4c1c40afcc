"""The life of a lead: which moves are legal, in one table, and how far it has come."""

from enum import StrEnum

from app.domain.errors import IllegalMove


class Status(StrEnum):
    """Where the work on a lead stands."""

    NEW = "new"
    WORKING = "working"
    NURTURING = "nurturing"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


class LifecycleStage(StrEnum):
    """How far a lead has come; only ever forward."""

    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"


LEGAL_MOVES: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset(
        {Status.WORKING, Status.NURTURING, Status.QUALIFIED, Status.DISQUALIFIED}
    ),
    Status.WORKING: frozenset({Status.NURTURING, Status.QUALIFIED, Status.DISQUALIFIED}),
    Status.NURTURING: frozenset({Status.WORKING, Status.QUALIFIED, Status.DISQUALIFIED}),
    Status.QUALIFIED: frozenset(
        {Status.WORKING, Status.NURTURING, Status.CONVERTED, Status.DISQUALIFIED}
    ),
    Status.DISQUALIFIED: frozenset({Status.WORKING, Status.NURTURING}),
    Status.CONVERTED: frozenset(),
}

_STAGE_ORDER = list(LifecycleStage)

STAGE_INSTANTS: dict[LifecycleStage, str] = {
    LifecycleStage.MQL: "mql_at",
    LifecycleStage.SQL: "sql_at",
    LifecycleStage.OPPORTUNITY: "opportunity_at",
    LifecycleStage.CUSTOMER: "customer_at",
}


def check_move(present: str, wanted: Status) -> None:
    """Raise IllegalMove, with the moves that are legal, unless `wanted` may follow `present`."""
    legal = LEGAL_MOVES[Status(present)]
    if wanted in legal:
        return
    names = sorted(legal)
    listed = ", ".join(names) or "none"
    raise IllegalMove(
        f"a lead that is {present} cannot become {wanted}; legal moves: {listed}",
        extra={"lead_status": present, "legal_moves": names},
    )


def further(present: str, wanted: LifecycleStage) -> bool:
    """True when `wanted` lies ahead of `present`."""
    return _STAGE_ORDER.index(wanted) > _STAGE_ORDER.index(LifecycleStage(present))


def stages_reached(present: str, reached: str) -> tuple[str, ...]:
    """The stages from the one beyond `present` to `reached`, also those that are passed over."""
    here, there = (_STAGE_ORDER.index(LifecycleStage(stage)) for stage in (present, reached))
    return tuple(stage.value for stage in _STAGE_ORDER[here + 1 : there + 1])
