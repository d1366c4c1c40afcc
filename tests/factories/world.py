"""A workspace with one of everything, built over HTTP, and bodies made from the document.

The ids are known by the name a parameter or field has, so that tests can walk every route. A
route with an id that nobody here knows fails those tests until `build_world` makes one.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode

from tests.conftest import Client
from tests.factories.connectors import mailed, new_connector
from tests.factories.duplicates import dismissed_pair, found_pair
from tests.factories.enrichment import new_provider, open_proposal
from tests.factories.imports import imported, sent
from tests.factories.jobs import failed_job
from tests.factories.predictions import stored_model
from tests.factories.segments import picked_segment
from tests.surface import Endpoint, resolved

Path = tuple[str | int, ...]

_numbers = count(1)

_DEEPEST = 12

# The same thing under another name.
ALIASES = {
    "owner_id": "user_id",
    "assessed_by": "user_id",
    "parent_id": "other_campaign_id",
    "first_id": "lead_id",
    "second_id": "loser_id",
    "record_id": "lead_id",
    "cluster_id": "lead_id",
    "supersedes_id": "touchpoint_id",
    "originating_lead_id": "lead_id",
    "based_on_id": "model_id",
}

# What an operation needs beyond the fields that its schema requires.
SEEDS: dict[str, dict[str, Any]] = {
    "match_lead": {"full_name": "Ada Lovelace"},
    "create_lead": {"full_name": "Ada Lovelace"},
    "upsert_lead": {"full_name": "Ada Lovelace"},
    "create_custom_field": {"type": "text"},
    "create_contact": {"full_name": "Ada Lovelace"},
    "convert_lead": {"override_reason": "Signed at the fair"},
    "qualify_lead": {"override_reason": "Signed at the fair"},
    "create_assessment": {"need": {"answer": "strong"}},
    "create_framework": {"template": "meddic"},
    "create_gate": {"active": False, "statuses": ["nurturing"], "min_score": 1},
    "send_submission": {"fields": {"full_name": "Ada Lovelace"}},
}
QUERIES: dict[str, dict[str, str]] = {
    "convert_lead": {"on_duplicate": "create"},
    "compare_scoring_models": {"with": "{model_id}"},
    "read_score": {"model_id": "{model_id}"},
}


@dataclass
class World:
    """A workspace and the ids of one of each thing in it; `canary` stands in every text of it."""

    client: Client
    canary: str
    ids: dict[str, str] = field(default_factory=dict)
    mailbox: dict[str, Any] = field(default_factory=dict)

    def id_for(self, name: str) -> str:
        """The value of a parameter or field of this name."""
        known = self.ids.get(ALIASES.get(name, name))
        assert known is not None, f"build_world makes nothing for {name!r}: add it there"
        return known

    async def fresh_lead(self) -> str:
        """A new lead that nothing has happened to."""
        return await self._make("/v1/leads", full_name=f"{self.canary} Lead")

    async def refresh(self) -> dict[str, str]:
        """The ids, with those replaced that a request may have used up."""
        self.ids["lead_id"] = await self.fresh_lead()
        self.ids["loser_id"] = await self.fresh_lead()
        self.ids["merge_id"] = await self._make(
            f"/v1/leads/{await self.fresh_lead()}/merge", loser_id=await self.fresh_lead()
        )
        self.ids["dismissal_id"] = await dismissed_pair(self.client, self.canary)
        touchpoint = {"kind": "call", "summary": self.canary}
        path = f"/v1/leads/{self.ids['lead_id']}/touchpoints"
        self.ids["touchpoint_id"] = await self._make(path, **touchpoint)
        self.ids["identity_id"] = await self._make(
            f"/v1/leads/{self.ids['lead_id']}/identities",
            kind="external",
            system="crm",
            value=f"{self.canary}-{next(_numbers)}",
        )
        self.ids["receipt_id"] = await mailed(self.client, self.mailbox, self.canary)
        await self.client.app.state.runtime.pipeline.run(self.client.workspace_id)
        self.ids["proposal_id"] = await self._proposal(self.ids["lead_id"], "industry")
        leads = [self.ids["lead_id"], self.ids["loser_id"]]
        self.ids["segment_id"] = await picked_segment(self.client, f"{self.canary} List", *leads)
        self.ids["framework_id"] = await self._make(
            "/v1/frameworks", key="ours", template="meddic", name=f"{self.canary} Framework"
        )
        self.ids["gate_id"] = await self._make(
            "/v1/gates",
            name=f"{self.canary} Gate",
            active=False,
            statuses=["nurturing"],
            min_score=1,
        )
        self.ids["model_id"] = await self._make("/v1/scoring-models", name=f"{self.canary} Model")
        for _ in range(2):
            path = f"/v1/scoring-models/{self.ids['model_id']}/backtest"
            self.ids["backtest_id"] = await self._make(path)
        self.ids["job_id"] = str(await failed_job(self.client, self.canary))
        self.ids["prediction_model_id"] = str(await stored_model(self.client, self.canary))
        path = f"/v1/leads/{self.ids['lead_id']}/prediction/override"
        said = {"percent": 50, "reason": self.canary}
        assert (await self.client.put(path, json=said)).status_code == 200
        people = f"name,email\n{self.canary},{self.canary.lower()}@example.com\n,{self.canary}\n"
        self.ids["import_id"] = (await sent(self.client, people, name=self.canary))["id"]
        return self.ids

    async def _proposal(self, lead_id: str, name: str) -> str:
        provider_id = self.ids["provider_id"]
        return await open_proposal(self.client, lead_id, provider_id, name, self.canary)

    async def _make(self, path: str, **body: Any) -> str:
        answer = await self.client.post(path, json=body)
        assert answer.status_code in (200, 201, 202), f"{path}: {answer.text}"
        return str(answer.json().get("id"))


async def build_world(client: Client, canary: str) -> World:
    """One of everything, and a converted lead beside the fresh one."""
    world = World(client, canary)
    make, ids, number = world._make, world.ids, next(_numbers)
    ids["team_id"] = await make("/v1/teams", name=f"{canary} Team {number}")
    ids["user_id"] = await make(
        "/v1/users",
        name=f"{canary} User",
        email=f"user.{number}@example.com",
        team_id=ids["team_id"],
    )
    ids["key_id"] = await make("/v1/api-keys", name=f"{canary} Key", scopes=["leads:read"])
    ids["field_id"] = await make(
        "/v1/custom-fields", key=f"segment_{number}", label=f"{canary} Field", type="text"
    )
    ids["campaign_id"] = await make(
        "/v1/campaigns", name=f"{canary} Campaign", kind="webinar", owner_id=ids["user_id"]
    )
    ids["other_campaign_id"] = await make(
        "/v1/campaigns", name=f"{canary} Other campaign", kind="referral"
    )
    question = {"name": "email", "label": f"{canary} E-mail", "type": "email", "to": "email"}
    ids["form_id"] = await make("/v1/forms", name=f"{canary} Form", fields=[question])
    world.mailbox = await new_connector(client, "email", name=f"{canary} Mailbox", secret=None)
    ids |= {"connector_id": world.mailbox["id"], "attachment_number": "0"}
    ids["visitor_id"] = f"{canary}-visitor-{number}"
    touch = {"kind": "page_viewed", "summary": canary, "payload": {"x": canary}}
    path = f"/v1/visitors/{ids['visitor_id']}/touchpoints"
    assert (await client.post(path, json={"touchpoints": [touch, touch]})).status_code == 202
    pipeline = (await client.get("/v1/pipelines")).json()["data"][0]
    ids["pipeline_id"], ids["stage_id"] = pipeline["id"], pipeline["stages"][0]["id"]
    account_id = await make("/v1/accounts", name=f"{canary} Account")
    await make("/v1/contacts", full_name=f"{canary} Contact", account_id=account_id)
    await make("/v1/opportunities", name=f"{canary} Opportunity", account_id=account_id)
    for _ in range(2):
        ids["provider_id"] = (await new_provider(client, name=f"{canary} Register"))["id"]
    ids |= {"system": "shop", "external_id": f"{canary}-{number}"}
    converted = await make(
        "/v1/leads",
        full_name=f"{canary} Converted",
        email=f"{canary.lower()}.{number}@example.com",
        company=f"{canary} Company",
        description=f"{canary} Description",
        owner_id=ids["user_id"],
        team_id=ids["team_id"],
        campaign_id=ids["campaign_id"],
        custom={f"segment_{number}": f"{canary} Custom"},
        external_references=[{"system": "shop", "external_id": ids["external_id"]}],
        touchpoint={"kind": "call", "summary": f"{canary} Call", "payload": {"x": canary}},
    )
    # What a field was before is shown as well.
    ids["field_name"] = "description"
    changed = {"description": f"{canary} Description, longer", "source": f"{canary} Source"}
    assert (await client.patch(f"/v1/leads/{converted}", json=changed)).status_code == 200
    for name in ("industry", "title"):
        await world._proposal(converted, name)
    await stored_model(client, canary, published=True)
    path = f"/v1/leads/{converted}/prediction/override"
    said = {"percent": 50, "reason": f"{canary} Reason"}
    assert (await client.put(path, json=said)).status_code == 200
    need = {"answer": "strong", "evidence": {"text": f"{canary} Evidence"}}
    for _ in range(2):
        await make(f"/v1/leads/{converted}/assessments", need=need, note=f"{canary} Note")
    answer = await client.post(
        f"/v1/leads/{converted}/convert?on_duplicate=create",
        json={"override_reason": f"{canary} Reason"},
    )
    assert answer.status_code == 200, answer.text
    made = answer.json()
    ids |= {f"{kind}_id": made[kind]["id"] for kind in ("account", "contact", "opportunity")}
    ids["converted_lead_id"] = converted
    for _ in range(2):
        await picked_segment(client, f"{canary} List", converted)
    people = f"name,email\n{canary} A,no address\n{canary} B,neither\n{canary} C,\n"
    ids["done_import_id"] = (await imported(client, people, query={"name": canary}))["id"]
    # Each has a twin that shows among its duplicates.
    await make("/v1/leads", full_name=f"{canary} Converted", company=f"{canary} Company")
    await make("/v1/accounts", name=f"{canary} Company")
    email = f"{canary.lower()}.{number}@example.com"
    await make("/v1/contacts", full_name=f"{canary} Converted", email=email)
    for _ in range(2):
        await found_pair(client, canary)
    await dismissed_pair(client, canary)
    for _ in range(2):
        await make(f"/v1/leads/{converted}/merge", loser_id=await world.fresh_lead())
    await world.refresh()
    return world


def path_of(endpoint: Endpoint, ids: dict[str, str]) -> str:
    """The path with these ids in it, and the query that makes the request plain."""
    path = endpoint.path.format(**{name: ids[name] for name in endpoint.parameters("path")})
    query = QUERIES.get(str(endpoint.described["operationId"]))
    if not query:
        return path
    return f"{path}?{urlencode({name: told.format(**ids) for name, told in query.items()})}"


def base_body(endpoint: Endpoint, document: dict[str, Any], world: World) -> Any:
    """The smallest body the operation accepts; None when it takes none."""
    if endpoint.body_schema is None:
        return None
    body = _required(endpoint.body_schema, document, world, ())
    return body | deepcopy(SEEDS.get(str(endpoint.described["operationId"]), {}))


def id_fields(endpoint: Endpoint, document: dict[str, Any]) -> list[Path]:
    """Where in the body ids stand that refer to something in the workspace."""
    if endpoint.body_schema is None:
        return []
    return _id_fields(endpoint.body_schema, document, ())


def name_of(path: Path) -> str:
    """The name an id field is known by: `id` in `account` is an account_id."""
    names = [step for step in path if isinstance(step, str)]
    if names[-1] == "id":
        return f"{names[-2]}_id"
    return names[-1].removesuffix("s") if names[-1].endswith("_ids") else names[-1]


def with_value(
    body: Any,
    schema: dict[str, Any],
    document: dict[str, Any],
    world: World,
    path: Path,
    value: Any,
) -> Any:
    """The body with a value at a path; what has to stand around it is made from examples."""
    if not path:
        return value
    step, *rest = path
    schema = resolved(schema, document)
    inner = schema["items"] if isinstance(step, int) else schema["properties"][step]
    body = deepcopy(body)
    if isinstance(step, int):
        old = body[0] if body else _required(inner, document, world, path)
        return [with_value(old, inner, document, world, tuple(rest), value)]
    old = body.get(step)
    if old is None and rest:
        old = [] if isinstance(rest[0], int) else _required(inner, document, world, path)
    body[step] = with_value(old, inner, document, world, tuple(rest), value)
    return body


def _required(schema: dict[str, Any], document: dict[str, Any], world: World, path: Path) -> Any:
    schema = resolved(schema, document)
    if schema.get("type") == "array" and "items" in schema:
        return [_required(schema["items"], document, world, path)]
    made = {}
    for name in schema.get("required", ()):
        inner = schema["properties"][name]
        if _is_id(name, resolved(inner, document)):
            made[name] = world.id_for(name)
        elif "examples" in inner:
            made[name] = deepcopy(inner["examples"][0])
        elif "enum" in resolved(inner, document):
            made[name] = resolved(inner, document)["enum"][0]
        else:
            made[name] = _required(inner, document, world, (*path, name))
    return made


def _id_fields(schema: dict[str, Any], document: dict[str, Any], path: Path) -> list[Path]:
    schema = resolved(schema, document)
    if len(path) > _DEEPEST:
        return []  # a schema that contains itself
    if schema.get("type") == "array":
        return _id_fields(schema.get("items", {}), document, (*path, 0))
    found: list[Path] = []
    for name, inner in schema.get("properties", {}).items():
        plain = resolved(inner, document)
        if _is_id(name, plain):
            found.append((*path, name))
        elif name.endswith("_ids") and plain.get("type") == "array":
            found.append((*path, name, 0))
        else:
            found += _id_fields(inner, document, (*path, name))
    return found


def _is_id(name: str, schema: dict[str, Any]) -> bool:
    named = name == "id" or name.endswith("_id")
    return named and schema.get("format") == "uuid"
