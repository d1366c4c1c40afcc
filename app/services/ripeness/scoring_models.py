"""Scoring models: drafted, changed, published, retired."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, Invalid
from app.domain.leads.fields import custom_columns
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.reach.jobs import CANCELLABLE, Job
from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.scoring_documents import TEMPLATES, document_of, patched
from app.domain.ripeness.scoring_models import ModelStatus, StoredModel, check_draft
from app.domain.ripeness.scoring_parsing import parse_model
from app.domain.ripeness.scoring_rules import custom_in
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.model_directory import MODELS
from app.services.patching import apply_patch, check_version

PUBLISH_MODEL = "publish_scoring_model"
REMOVE_SCORES = "remove_scores"


class ScoringModelService:
    """Use cases of scoring models."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(
        self,
        name: str,
        *,
        document: Any = None,
        template: str | None = None,
        based_on: UUID | None = None,
    ) -> StoredModel:
        """A new draft: of a document, a template, or another version."""
        if based_on is not None:
            document = (await self._source(based_on)).document
        elif template is not None:
            document = TEMPLATES[template]
        now = self._uow.now
        stored = StoredModel(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            number=await self._uow.scoring_models.next_number(),
            name=name,
            status=ModelStatus.DRAFT.value,
            document={},
            declared_fields={},
            based_on=based_on,
            job_id=None,
            published_at=None,
            retired_at=None,
            created_at=now,
            updated_at=now,
            version=1,
        )
        stored = replace(stored, **await self.understood(document, stored))
        await self._uow.scoring_models.add(stored)
        told = {"name": name, "number": stored.number, "based_on": based_on}
        self._uow.record(EventType.SCORING_MODEL_CREATED, "scoring_model", stored.id, told)
        await self._uow.flush()
        return stored

    async def get(self, model_id: UUID) -> StoredModel:
        """One version."""
        return await self._uow.scoring_models.get(model_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[StoredModel]:
        """A page of versions."""
        return await self._uow.scoring_models.page(request, filters)

    async def update(
        self, model_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> StoredModel:
        """Change a draft; its document by a merge patch of its own."""
        stored = await self._uow.scoring_models.get(model_id, lock=True)
        check_version(stored.version, if_match)
        check_draft(stored, "be changed")
        changes = dict(fields)
        if "document" in changes:
            document = patched(stored.document, changes.pop("document"))
            changes |= await self.understood(document, stored)
        event = EventType.SCORING_MODEL_UPDATED
        return await apply_patch(self._uow, self._uow.scoring_models, stored, changes, event)

    async def remove(self, model_id: UUID, if_match: int | None) -> None:
        """Forget a draft, retire the published model; a retired one stays as it is."""
        stored = await self._uow.scoring_models.get(model_id, lock=True)
        check_version(stored.version, if_match)
        if stored.status == ModelStatus.PUBLISHING:
            stored = await released(self._uow, stored)
        if stored.status == ModelStatus.DRAFT:
            await self._uow.scoring_models.remove(stored)
            self._uow.record(
                EventType.SCORING_MODEL_RETIRED,
                "scoring_model",
                stored.id,
                {"name": stored.name, "number": stored.number, "deleted": True},
            )
        elif stored.status == ModelStatus.PUBLISHED:
            await retire(self._uow, stored)
            await remove_scores(self._uow, stored.id)
        await self._uow.flush()

    async def publish(self, model_id: UUID, *, advance: bool, dry_run: bool) -> Job:
        """The job that publishes a draft or a retired version, or tells what that would change."""
        stored = await self._uow.scoring_models.get(model_id, lock=True)
        if not dry_run and stored.status != ModelStatus.PUBLISHED:
            await self._check_free(stored)
        # What cannot be understood any more is refused now, and not by the job.
        await self.as_published(stored)
        payload = {"model_id": str(model_id), "dry_run": dry_run, "advance": advance}
        dedupe_key = f"{model_id}/{dry_run}"
        job_id = await self._uow.jobs.add(PUBLISH_MODEL, payload, dedupe_key=dedupe_key)
        await self._uow.flush()
        if job_id is None:
            return await self._unfinished(payload)
        return await self._uow.jobs.get(job_id)

    async def as_published(self, stored: StoredModel) -> ScoringModel:
        """What the version says once it is published: a draft is read with the fields of the
        workspace as they are now."""
        if stored.status != ModelStatus.DRAFT:
            return stored.model()
        return replace(stored, **await self.understood(stored.document, stored)).model()

    async def understood(self, document: Any, stored: StoredModel) -> dict[str, Any]:
        """The columns that keep a document: all of it, and the fields that it is about."""
        custom = custom_columns((await self._uow.custom_fields.by_key()).values())
        model = parse_model(
            document, custom, id=stored.id, number=stored.number, name=stored.name, at="/document"
        )
        return {
            "document": document_of(model),
            "declared_fields": custom_in(rule.when for rule in model.fit_rules),
        }

    async def _source(self, model_id: UUID) -> StoredModel:
        known = await self._uow.scoring_models.existing([model_id])
        if not known:
            detail = "no such scoring model in this workspace"
            raise Invalid.field("/based_on_id", detail, code="not_found")
        return await self._uow.scoring_models.get(model_id)

    async def _check_free(self, stored: StoredModel) -> None:
        """Raise Conflict while another model is being published."""
        for other in await self._uow.scoring_models.live():
            if other.status == ModelStatus.PUBLISHING and other.id != stored.id:
                locked = await self._uow.scoring_models.get(other.id, lock=True)
                await released(self._uow, locked)

    async def _unfinished(self, payload: Mapping[str, Any]) -> Job:
        live = {"kind": [PUBLISH_MODEL], "status": [status.value for status in CANCELLABLE]}
        page = await self._uow.jobs.page(PageRequest(limit=200), live)
        wanted = [payload["model_id"], payload["dry_run"]]
        for job in page.data:
            if [job.payload["model_id"], job.payload["dry_run"]] == wanted:
                return job
        raise Conflict("the job that was still to be done is over; try again")


async def retire(uow: UnitOfWork, stored: StoredModel) -> StoredModel:
    """The model, which nothing is scored by any more."""
    retired = await uow.scoring_models.change(
        stored.id,
        {
            "status": ModelStatus.RETIRED.value,
            "retired_at": uow.now,
            "updated_at": uow.now,
            "version": stored.version + 1,
        },
    )
    told = {"name": stored.name, "number": stored.number}
    uow.record(EventType.SCORING_MODEL_RETIRED, "scoring_model", stored.id, told)
    MODELS.forget(uow.workspace_id)
    return retired


async def released(uow: UnitOfWork, stored: StoredModel) -> StoredModel:
    """A model whose publishing was called off, as it was before; Conflict while it goes on."""
    if stored.job_id is not None:
        jobs = await uow.jobs.page(
            PageRequest(limit=1),
            {"id": [stored.job_id], "status": [status.value for status in CANCELLABLE]},
        )
        if jobs.data:
            raise Conflict(
                f"scoring model v{stored.number} is being published; wait, or cancel the job",
                extra={"model_id": str(stored.id), "job_id": str(stored.job_id)},
            )
    before = ModelStatus.RETIRED if stored.retired_at else ModelStatus.DRAFT
    changes = {"status": before.value, "updated_at": uow.now, "version": stored.version + 1}
    changed = await uow.scoring_models.change(stored.id, changes)
    await remove_scores(uow, stored.id)
    MODELS.forget(uow.workspace_id)
    return changed


async def remove_scores(uow: UnitOfWork, model_id: UUID) -> None:
    """A job that removes the scores by a model which is not live any more."""
    model = str(model_id)
    await uow.jobs.add(REMOVE_SCORES, {"model_id": model}, dedupe_key=model)
