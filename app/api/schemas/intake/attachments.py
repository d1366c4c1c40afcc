"""Attachments over the wire."""

from app.api.schemas.fields import Read, about


class AttachmentRead(Read):
    """A file in a message; its name and type are what the sender says."""

    number: int = about("Its place in the message, from 0.", 0)
    name: str | None = about("What it is called.", "plan.pdf")
    type: str = about("What it is said to be.", "application/pdf")
    size: int = about("How many bytes it has.", 20_480)
    sha256: str = about(
        "The digest of its bytes.",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )


class AttachmentList(Read):
    """The files in a message, in their order."""

    data: list[AttachmentRead] = about("The attachments.")
