"""A workspace whose leads were converted by a rule that nobody tells, with what comes of it."""

import math
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.leads.leads import Lead
from app.domain.reach.events import EventType
from app.domain.record.touchpoints import CAPTURED, Touchpoint
from app.domain.ripeness.prediction import ModelStatus, PredictionModel
from app.platform import clock
from app.platform.ids import new_id
from app.repositories.statements import add_rows, as_arrays
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints
from app.repositories.unit_of_work import UnitOfWork
from app.services.reach.events import EventService
from app.services.reach.job_runner import JobRunner
from app.services.ripeness.prediction_keeping import FORETELL_LEADS, foretelling, keep_predictions
from app.services.ripeness.prediction_training import TRAIN_PREDICTION, training
from tests.conftest import Client

SOURCES = {"Website": 0.0, "Trade fair": 1.2, "Purchased list": -1.6, "Google Ads": 0.1}
INDUSTRIES = {"Software": 0.6, "Retail": -0.4, "Public sector": -0.7, "Machines": 0.4}
TITLES = {"CEO": 0.8, "Head of Sales": 0.6, "Student": -1.4, "Engineer": 0.0}
KINDS = {"page_viewed": 0.2, "webinar_attended": 1.3, "email_bounced": -1.2}


def work(client: Client) -> UnitOfWork:
    """A unit of work in the client's workspace."""
    return UnitOfWork(client.app.state.runtime.database, client.caller)


class Generator:
    """Leads with a verdict, each 30 to 90 days old, by a rule with noise and gaps."""

    def __init__(self, client: Client, seed: int = 1) -> None:
        self.client = client
        self.draw = random.Random(seed)
        self.now = clock.now()

    async def fill(self, count: int, bait: str | None = None) -> None:
        """Add leads. With `bait` a custom field is filled in for the converted ones: `later`, once
        they are; or `brought`, with the lead itself, as imports do it."""
        people: list[Any] = []
        touches: list[Any] = []
        async with work(self.client) as uow:
            for _ in range(count):
                lead, own, won = self._one()
                verdict = lead.created_at + timedelta(days=self.draw.uniform(15, 25))
                lead.status = "converted" if won else "disqualified"
                lead.lifecycle_stage = "opportunity" if won else "lead"
                lead.opportunity_at = verdict if won else None
                lead.updated_at = verdict
                lead.custom = {"bait": "signed"} if bait and won else {}
                people.append(lead)
                touches += own
                self._tell(uow, lead, verdict, bait)
            for table, rows in ((leads, people), (touchpoints, touches)):
                values = as_arrays(table, [vars(row) for row in rows])
                await uow._transaction.rows(add_rows(table), **values)
        await placed(self.client)

    def _one(self) -> tuple[Lead, list[Touchpoint], bool]:
        draw = self.draw
        source, industry, title = (draw.choice(sorted(t)) for t in (SOURCES, INDUSTRIES, TITLES))
        size = int(math.exp(draw.gauss(4.5, 1.6))) + 1
        # Neither the small nor the large.
        odds = SOURCES[source] + INDUSTRIES[industry] + TITLES[title] - 0.6
        odds += 1.5 * math.exp(-((math.log(size) - 5) ** 2))
        created = self.now - timedelta(days=draw.uniform(30, 90))
        lead = Lead(
            workspace_id=self.client.workspace_id,
            id=new_id(),
            full_name="Ada Lovelace",
            title=self._or_gap(title),
            industry=self._or_gap(industry),
            employee_count=self._or_gap(size),
            source=self._or_gap(self._misspelt(source)),
            created_at=created,
            updated_at=created,
        )
        touches = [self._touch(lead, CAPTURED, created)]
        for kind, points in KINDS.items():
            for _ in range(draw.choice((0, 0, 1, 2))):
                at = created + timedelta(days=draw.uniform(0, 13))
                touches.append(self._touch(lead, kind, at))
                odds += points
        return lead, touches, draw.random() < 1 / (1 + math.exp(-odds))

    def _touch(self, lead: Lead, kind: str, at: datetime) -> Touchpoint:
        return Touchpoint(
            workspace_id=lead.workspace_id,
            id=new_id(),
            lead_id=lead.id,
            kind=kind,
            occurred_at=at,
            recorded_at=at,
        )

    def _or_gap(self, value: Any) -> Any:
        return None if self.draw.random() < 0.15 else value

    def _misspelt(self, source: str) -> str:
        spellings = (source, source.upper(), source.replace(" ", "-"), f" {source.lower()}")
        return self.draw.choice(spellings)

    def _tell(self, uow: UnitOfWork, lead: Lead, verdict: datetime, bait: str | None) -> None:
        """The journal: when it came, when it was decided, when the bait was laid."""
        came = self.now if bait == "brought" else lead.created_at
        moved = {"status": {"before": "new", "after": lead.status}}
        self._event(uow, lead, EventType.LEAD_CREATED, {}, came)
        self._event(uow, lead, EventType.LEAD_STATUS_CHANGED, moved, max(came, verdict))
        if bait == "later" and lead.custom:
            laid = {"changes": {"custom": {"before": {}, "after": lead.custom}}}
            self._event(uow, lead, EventType.LEAD_UPDATED, laid, verdict + timedelta(days=1))

    @staticmethod
    def _event(
        uow: UnitOfWork, lead: Lead, kind: EventType, data: dict[str, Any], at: datetime
    ) -> None:
        uow.record(kind, "lead", lead.id, data, lead_id=lead.id, occurred_at=at)
        told = uow._events[-1]
        uow._events[-1] = type(told)(**{**vars(told), "recorded_at": at})


async def with_bait_field(client: Client) -> None:
    """Declare the field that bait is laid in."""
    body = {"key": "bait", "label": "Bait", "type": "text"}
    assert (await client.post("/v1/custom-fields", json=body)).status_code == 201


async def placed(client: Client) -> None:
    """Give the events their positions."""
    more = 1
    while more:
        async with work(client) as uow:
            more = await EventService(uow).place()


async def kept(client: Client) -> None:
    """Let the worker look at what happened."""
    await placed(client)
    more = 1
    while more:
        async with work(client) as uow:
            more = await keep_predictions(uow)


async def drained(client: Client) -> None:
    """Work off the jobs of predictions."""
    handlers = {TRAIN_PREDICTION: training(), FORETELL_LEADS: foretelling()}
    await JobRunner(client.app.state.runtime.database, handlers, poll_seconds=0.02).drain()


async def trained(client: Client, **query: Any) -> dict[str, Any]:
    """Train; the job when it is done."""
    answer = await client.post("/v1/prediction/train", params=query)
    assert answer.status_code == 202, answer.text
    await drained(client)
    job: dict[str, Any] = (await client.get(f"/v1/jobs/{answer.json()['id']}")).json()
    assert job["status"] == "done", job
    return job


async def state_of(client: Client) -> dict[str, Any]:
    """How conversions are foretold."""
    answer = await client.get("/v1/prediction")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def foretold(client: Client, lead_id: str) -> dict[str, Any]:
    """What is foretold of a lead."""
    answer = await client.get(f"/v1/leads/{lead_id}/prediction")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored_model(client: Client, note: str = "A", *, published: bool = False) -> UUID:
    """A model that says the same of everybody, without a training. It knows `note` as a source."""
    source: dict[str, Any] = {
        "name": "source",
        "kind": "level",
        "encoder": {"levels": [note.lower()], "labels": [note], "extra": []},
        "columns": [note],
        "weights": [0.0],
        "mean": 0.0,
        "spread": 0.0,
        "shares": {note: 1.0},
    }
    validation = {
        "method": "out_of_fold",
        "folds": 5,
        "auc": 0.5,
        "auc_error": 0.04,
        "auc_at_arrival": 0.5,
        "brier": 0.25,
        "brier_of_rate": 0.25,
        "log_loss": 0.69,
        "log_loss_of_rate": 0.69,
        "calibration": [],
    }
    report = {
        "validation": validation,
        "sample": {"leads": 80},
        "time_split": None,
        "regularisation": 0.1,
        "suspected_leaks": [],
        "left_out": [],
        "shares": {"3": 1.0},
    }
    async with work(client) as uow:
        await uow.predictions.lock()
        now = clock.now()
        model = PredictionModel(
            workspace_id=uow.workspace_id,
            id=new_id(),
            number=await uow.prediction_models.last_number() + 1,
            status=(ModelStatus.PUBLISHED if published else ModelStatus.RETIRED).value,
            converted=40,
            disqualified=40,
            auc=0.5,
            brier=0.25,
            log_loss=0.69,
            document={"base": -0.8472978603872037, "left_out": [], "features": [source]},
            report=report,
            drift=None,
            trained_at=now,
            published_at=now if published else None,
            created_at=now,
        )
        if published:
            await uow.prediction_models.retire_all()
        await uow.prediction_models.add(model)
    return model.id
