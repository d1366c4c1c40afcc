"""Touchpoints over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from app.api.errors import describe, field_error
from app.api.schemas.fields import (
    Body,
    ExternalId,
    Instant,
    Label,
    Line,
    Paragraph,
    Read,
    System,
    Token,
    Url,
    about,
    optional,
)
from app.domain.errors import DomainError, Invalid
from app.domain.record.channels import Channel
from app.domain.record.touchpoints import NewTouchpoint
from app.services.record.touchpoints import BatchItem, BatchResult

Tags = Annotated[dict[Label, Line], Field(max_length=30)]


class CapturedTouchpoint(Body):
    """The interaction that brings a lead."""

    kind: Token = about(
        "What happened, in snake_case; e.g. form_submitted, page_viewed, content_downloaded, "
        "email_opened, email_clicked, email_replied, call, meeting, event_attended, chat.",
        "content_downloaded",
    )
    channel: Channel | None = optional(
        "Where it came from; derived from UTM, click ids and referrer when absent.", "paid_search"
    )
    occurred_at: Instant | None = optional(
        "When it happened, perhaps years ago; now when absent.", "2026-03-02T09:30:00Z"
    )
    campaign_id: UUID | None = optional("The campaign that caused it.")
    utm: Tags | None = optional(
        "UTM parameters without the prefix.", {"source": "google", "medium": "cpc"}
    )
    click_ids: Tags | None = optional("Click ids of ad platforms by name.", {"gclid": "Cj0KCQ"})
    page_url: Url | None = optional("The page it happened on.", "https://example.com/pricing")
    referrer: Url | None = optional("The page before.", "https://www.google.com/")
    products: Annotated[list[Label], Field(max_length=100)] | None = optional(
        "Products of interest.", ["Heat pump 12 kW"]
    )
    summary: Paragraph | None = optional("One line for people.", "Downloaded the price list")
    payload: dict[str, Any] | None = optional(
        "Anything else, kept as it is.", {"file": "price-list.pdf"}
    )
    source_system: System | None = optional("The system that tells it.", "website")
    external_id: ExternalId | None = optional(
        "Its id there. The same source_system and external_id is the same touch, stored once.",
        "dl-20931",
    )

    @model_validator(mode="after")
    def _reference_is_whole(self) -> Self:
        if (self.external_id is None) != (self.source_system is None):
            raise ValueError("source_system and external_id go together")
        return self

    def to_domain(self) -> NewTouchpoint:
        """The domain's form."""
        return NewTouchpoint(
            **{name: told for name, told in vars(self).items() if name != "lead_id"}
        )


class TouchpointCreate(CapturedTouchpoint):
    """One interaction. It is never changed: a correction is a new one that supersedes it."""

    supersedes_id: UUID | None = optional("The touchpoint that this one corrects.")


class TouchpointRead(Read):
    """A touchpoint as stored."""

    id: UUID = about("Id, a UUIDv7.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    lead_id: UUID = about("The lead it belongs to.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    kind: str = about("What happened.", "content_downloaded")
    channel: str | None = about("Where it came from.", "paid_search")
    occurred_at: datetime = about("When it happened.", "2026-03-02T09:30:00Z")
    is_test: bool = about("Whether it was a trial, which counts for nothing.", example=False)
    recorded_at: datetime = about("When Touchline learnt of it.", "2026-03-02T09:30:01Z")
    campaign_id: UUID | None = about("The campaign that caused it.")
    utm: dict[str, str] | None = about("UTM parameters.", {"source": "google"})
    click_ids: dict[str, str] | None = about("Click ids.", {"gclid": "Cj0KCQ"})
    page_url: str | None = about("The page.", "https://example.com/pricing")
    referrer: str | None = about("The page before.", "https://www.google.com/")
    products: list[str] | None = about("Products of interest.", ["Heat pump 12 kW"])
    summary: str | None = about("One line for people.", "Downloaded the price list")
    payload: dict[str, Any] | None = about("Anything else.", {"file": "price-list.pdf"})
    source_system: str | None = about("The system that told it.", "website")
    external_id: str | None = about("Its id there.", "dl-20931")
    supersedes_id: UUID | None = about("The touchpoint that this one corrects.")
    user_id: UUID | None = about("The user in whose name it was recorded.")
    api_key_id: UUID | None = about("The API key it was recorded with.")


class TouchpointBatchItem(TouchpointCreate):
    """A touchpoint and the lead it belongs to."""

    lead_id: UUID = about("The lead.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")


class Unreadable:
    """An item that does not fit the schema, with the reasons."""

    def __init__(self, error: Invalid) -> None:
        self.error = error


_ITEM: TypeAdapter[TouchpointBatchItem] = TypeAdapter(TouchpointBatchItem)


def _each_alone(value: Any, read_all: ValidatorFunctionWrapHandler) -> Any:
    # The whole list in one go is the fast way; item by item only when one of them is bad.
    try:
        return read_all(value)
    except ValidationError:
        if not isinstance(value, list) or not 1 <= len(value) <= 1000:
            raise
    return [_read_one(item) for item in value]


def _read_one(item: Any) -> TouchpointBatchItem | Unreadable:
    try:
        return _ITEM.validate_python(item)
    except ValidationError as error:
        found = [
            field_error({**problem, "loc": ("body", *problem["loc"])}) for problem in error.errors()
        ]
        return Unreadable(Invalid("the item does not fit its schema", errors=found))


class TouchpointBatch(Body):
    """Up to 1,000 touchpoints."""

    items: Annotated[
        list[TouchpointBatchItem],
        Field(min_length=1, max_length=1000),
        WrapValidator(_each_alone),
    ] = about("The touchpoints; each is judged alone.")

    def split(self) -> tuple[list[BatchItem], list[BatchResult]]:
        """The items that can be read, and the results of those that cannot."""
        readable: list[BatchItem] = []
        rejected: list[BatchResult] = []
        for index, item in enumerate(self.items):
            if isinstance(item, Unreadable):
                rejected.append(BatchResult(index=index, status="rejected", error=item.error))
            else:
                touch = item.to_domain()
                readable.append(BatchItem(index=index, lead_id=item.lead_id, touch=touch))
        return readable, rejected


class ItemError(Read):
    """Why an item was rejected."""

    code: str = about("A stable code.", "not_found")
    detail: str = about("A sentence for people.", "no such lead in this workspace")
    errors: list[dict[str, Any]] = about(
        "The fields that are wrong.", [{"pointer": "/kind", "code": "missing", "detail": "…"}]
    )


class BatchItemResult(Read):
    """What became of one item."""

    index: int = about("Its place in the request, from 0.", 0)
    status: Literal["created", "exists", "rejected"] = about(
        "`exists`: the same source_system and external_id was on record.", "created"
    )
    id: UUID | None = about("The touchpoint's id.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    error: ItemError | None = about("Why it was rejected.")


class TouchpointBatchResult(Read):
    """One result an item, in the order of the request."""

    results: list[BatchItemResult] = about("The results.")


def batch_result(results: list[BatchResult]) -> TouchpointBatchResult:
    """The answer to a batch."""
    ordered = sorted(results, key=lambda result: result.index)
    return TouchpointBatchResult.model_construct(results=[_item_result(r) for r in ordered])


def _item_result(result: BatchResult) -> BatchItemResult:
    error = _item_error(result.error) if result.error else None
    return BatchItemResult.model_construct(
        index=result.index, status=result.status, id=result.id, error=error
    )


def _item_error(error: DomainError) -> ItemError:
    told = describe(error)
    return ItemError(code=told["code"], detail=told["detail"], errors=told["errors"])
