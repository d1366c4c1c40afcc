"""What the sender of a form gets."""

from uuid import UUID

from app.api.schemas.fields import Read, about


class FormReceipt(Read):
    """The receipt, and what to show."""

    receipt_id: UUID = about("Ask with it what became of the submission.")
    status: str = about("`received`, or `quarantined`.", "received")
    message: str = about("What to show the visitor.", "Thank you. We will be in touch.")
    redirect_url: str | None = about(
        "Where to send the visitor instead.", "https://www.example.com/thanks"
    )
