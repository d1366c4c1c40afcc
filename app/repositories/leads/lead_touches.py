"""First touch, last touch and how many there were: noted with each touch, or worked out anew."""

from sqlalchemy import func, select, update

from app.repositories.statements import Statement, array_param, own
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints


def _note_touches() -> Statement:
    noted = (
        func.unnest(
            array_param("ids", leads.c.id),
            array_param("firsts", leads.c.first_touch_at),
            array_param("lasts", leads.c.last_touch_at),
            array_param("counts", leads.c.touch_count),
        )
        .table_valued("id", "first", "last", "count", name="noted")
        .render_derived()
    )
    return Statement(
        update(leads)
        .where(own(leads), leads.c.id == noted.c.id)
        .values(
            first_touch_at=func.least(leads.c.first_touch_at, noted.c.first),
            last_touch_at=func.greatest(leads.c.last_touch_at, noted.c.last),
            touch_count=leads.c.touch_count + noted.c.count,
        )
    )


def _recount_touches() -> Statement:
    touch = touchpoints
    correction = touchpoints.alias("correction")
    toucher = leads.alias("toucher")
    superseded = (
        select(1)
        .select_from(correction)
        .where(own(correction), correction.c.supersedes_id == touch.c.id)
        .exists()
    )
    counted = (
        select(
            touch.c.lead_id,
            func.min(touch.c.occurred_at).label("first"),
            func.max(touch.c.occurred_at).label("last"),
            func.count().label("count"),
        )
        .join_from(touch, toucher, own(toucher) & (toucher.c.id == touch.c.lead_id))
        .where(
            own(touch),
            touch.c.lead_id == func.any(array_param("ids", leads.c.id)),
            ~superseded,
            # A trial counts for nobody but a lead that is one.
            ~touch.c.is_test | toucher.c.is_test,
        )
        .group_by(touch.c.lead_id)
        .subquery("counted")
    )
    return Statement(
        update(leads)
        .where(own(leads), leads.c.id == counted.c.lead_id)
        .values(
            first_touch_at=counted.c.first,
            last_touch_at=counted.c.last,
            touch_count=counted.c.count,
        )
    )


NOTE_TOUCHES = _note_touches()
RECOUNT_TOUCHES = _recount_touches()
