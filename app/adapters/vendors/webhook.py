"""What most vendors do alike: a plain webhook with a shared secret, answered with 200."""

from datetime import datetime

from app.adapters.vendors import Answer, Call, Part, Proof, Reply, VendorLead, signatures
from app.adapters.vendors.bodies import UnreadableBody
from app.domain.intake.submissions import Delivery, Finding
from app.domain.record.channels import Channel

NOTHING = Answer(body=b"{}")
NO_SUCH_GREETING = Answer(
    status=200, body=b"This address takes leads by POST.", content_type="text/plain; charset=utf-8"
)


class Webhook:
    """The defaults; a vendor says only what is its own."""

    name = ""
    proof = Proof.SHARED
    ids_are_global = False
    touch_kind = "form_submitted"
    channel: Channel | None = None
    fetches = False

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """A shared secret, if one was agreed upon."""
        del now
        return signatures.check_shared(call.headers, call.query, secret)

    def parts(self, call: Call) -> list[Part]:
        """One lead, without an id."""
        del call
        return [Part()]

    def read(self, delivery: Delivery) -> VendorLead:
        """What the body says; it waits when that cannot be told."""
        try:
            return self.read_body(delivery)
        except UnreadableBody as reason:
            return unreadable(str(reason))

    def read_body(self, delivery: Delivery) -> VendorLead:
        """What the body says, or UnreadableBody."""
        raise NotImplementedError

    def redact(self, raw: bytes, content_type: str) -> bytes | None:
        """No secret stands in the body."""
        del raw, content_type
        return None

    def redact_query(self, query: str) -> str:
        """A shared secret in the URL is covered."""
        return signatures.covered(query)

    def greet(self, query: str, secret: bytes | None, token: str) -> Answer:
        """Any GET is answered alike."""
        del query, secret, token
        return NO_SUCH_GREETING

    def answer(self, call: Call, reply: Reply, receipts: list[str]) -> Answer:
        """200 and an empty object."""
        del call, reply, receipts
        return NOTHING

    def refusal(self, status: int, detail: str, request_id: str) -> Answer | None:
        """The problem that everybody gets."""
        del status, detail, request_id
        return None


def unreadable(detail: str) -> VendorLead:
    """A lead that waits, because nothing can be told of it."""
    return VendorLead(holds=[Finding(code="unreadable", detail=f"the body {detail}")])


def not_a_lead(detail: str, **known: object) -> VendorLead:
    """A message of the vendor that brings no lead. It is kept, for it may yet be wanted."""
    return VendorLead(
        holds=[Finding(code="not_a_lead", detail=detail)],
        about={name: value for name, value in known.items() if value is not None},
    )
