"""Segments over HTTP: made, changed, archived, counted, copied, tried out."""

from typing import Any

import pytest

from app.platform.db import Database
from app.services.reach.job_runner import JobContext
from app.services.ripeness.segment_refresh import refreshing
from tests.api.leads.test_leads import create, timeline_kinds
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers
from tests.factories.segments import GERMAN, Keeper, members_of, new_segment

pytestmark = pytest.mark.anyio


@pytest.fixture
def keeper(database: Database, client: Client) -> Keeper:
    """The worker of this workspace."""
    return Keeper(database, client.workspace_id)


def named(*segments: dict[str, Any], op: str = "in") -> dict[str, Any]:
    """A condition that asks for members of segments."""
    return {"field": "segment", "op": op, "value": [segment["id"] for segment in segments]}


async def read(client: Client, segment: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/v1/segments/{segment['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def patch(client: Client, segment: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await client.patch(f"/v1/segments/{segment['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def size(client: Client, segment: dict[str, Any]) -> int:
    answer = await client.get(f"/v1/segments/{segment['id']}/size")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["size"])


class TestCreate:
    async def test_answers_as_stored(self, client: Client) -> None:
        body = {"name": "Ripe", "kind": "dynamic", "condition": GERMAN, "description": "For mail"}
        answer = await client.post("/v1/segments", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.headers["etag"] == '"1"'
        made = answer.json()
        assert made["evaluated_at"] is None
        assert {name: made[name] for name in body} == body
        assert (await client.get(answer.headers["location"])).json() == made

    async def test_leads_enter_by_a_job(self, client: Client, keeper: Keeper) -> None:
        lead, _ = await create(client, full_name="Ada", country="DE"), await create(client)
        segment = await new_segment(client, GERMAN)
        assert await members_of(client, segment) == set()
        await keeper.refresh()
        assert await members_of(client, segment) == {lead["id"]}
        assert (await read(client, segment))["evaluated_at"] is not None
        [event] = await events_of(client, "segment.entered")
        assert event["lead_id"] == lead["id"]
        assert event["data"] == {"segment_id": segment["id"], "name": "Ripe"}
        assert "segment.entered" in await timeline_kinds(client, lead["id"])

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"kind": "dynamic"}, "/condition"),
            ({"kind": "static", "condition": GERMAN}, "/condition"),
            (
                {"kind": "dynamic", "condition": {"all": [GERMAN, {"field": "x", "op": "eq"}]}},
                "/condition/all/1/field",
            ),
            ({"kind": "other"}, "/kind"),
            ({"kind": "static", "name": ""}, "/name"),
        ],
    )
    async def test_names_what_is_wrong(
        self, client: Client, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post("/v1/segments", json={"name": "Ripe"} | body)
        assert answer.status_code == 422
        assert pointers(answer.json()) == [pointer]

    async def test_takes_an_administrator(self, client: Client) -> None:
        key = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
        body = {"name": "Ripe", "kind": "static"}
        assert (await client.post("/v1/segments", json=body, headers=key)).status_code == 403
        assert (await client.get("/v1/segments", headers=key)).status_code == 200


class TestChange:
    async def test_another_condition_works_members_out_anew(
        self, client: Client, keeper: Keeper
    ) -> None:
        german = await create(client, full_name="Ada", country="DE")
        french = await create(client, full_name="Marie", country="FR")
        segment = await new_segment(client, GERMAN)
        await keeper.refresh()
        changed = await patch(client, segment, condition=GERMAN | {"value": "FR"})
        assert changed["version"] == 2
        assert changed["evaluated_at"] is None
        await keeper.refresh()
        assert await members_of(client, segment) == {french["id"]}
        moves = await events_of(client, "segment.entered", "segment.left")
        assert [(each["type"], each["lead_id"]) for each in moves] == [
            ("segment.entered", german["id"]),
            *sorted(
                [("segment.left", german["id"]), ("segment.entered", french["id"])],
                key=lambda each: each[1],
            ),
        ]

    async def test_a_condition_changed_in_the_middle_begins_anew(
        self, client: Client, keeper: Keeper
    ) -> None:
        german = await create(client, full_name="Ada", country="DE")
        french = await create(client, full_name="Marie", country="FR")
        segment = await new_segment(client, GERMAN)
        turns = []

        async def one_lead_a_turn(context: JobContext) -> None:
            await refreshing(turn_seconds=0, leads_at_once=1)(context)
            if context.job.workspace_id == client.workspace_id:
                turns.append(await members_of(client, segment))
            if len(turns) == 1:
                await patch(client, segment, condition=GERMAN | {"value": "FR"})

        await keeper.refresh(one_lead_a_turn)
        # After the first lead it began anew; two leads and what is beyond them follow.
        assert turns == [{german["id"]}, set(), {french["id"]}, {french["id"]}]
        assert (await read(client, segment))["evaluated_at"] is not None

    async def test_of_name_and_description_costs_no_refresh(
        self, client: Client, keeper: Keeper
    ) -> None:
        segment = await new_segment(client, GERMAN)
        await keeper.refresh()
        changed = await patch(client, segment, name="Other", description=None, condition=GERMAN)
        assert (changed["name"], changed["version"]) == ("Other", 2)
        assert changed["evaluated_at"] is not None
        assert await patch(client, segment, name="Other") == changed | {
            "evaluated_at": (await read(client, segment))["evaluated_at"]
        }
        jobs = (await client.get("/v1/jobs?status=queued&kind=refresh_segment")).json()
        assert jobs["data"] == []

    async def test_needs_the_present_version(self, client: Client) -> None:
        segment = await new_segment(client)
        path = f"/v1/segments/{segment['id']}"
        stale = await client.patch(path, json={"name": "x"}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412

    async def test_a_static_one_takes_no_condition(self, client: Client) -> None:
        segment = await new_segment(client)
        answer = await client.patch(f"/v1/segments/{segment['id']}", json={"condition": GERMAN})
        assert answer.status_code == 422
        assert pointers(answer.json()) == ["/condition"]


class TestArchive:
    async def test_members_stay_and_are_followed_no_more(
        self, client: Client, keeper: Keeper
    ) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        segment = await new_segment(client, GERMAN)
        await keeper.settle()
        path = f"/v1/segments/{segment['id']}"
        assert (await client.delete(path)).status_code == 204
        assert (await client.post(f"{path}/refresh")).status_code == 409
        await client.patch(f"/v1/leads/{lead['id']}", json={"country": "FR"})
        await keeper.settle()
        assert await members_of(client, segment) == {lead["id"]}
        archived = await read(client, segment)
        assert archived["evaluated_at"] <= archived["archived_at"]
        assert (await client.get(f"/v1/leads/{lead['id']}/segments")).json()["data"] == []

    async def test_comes_back_as_its_condition_says(self, client: Client, keeper: Keeper) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        segment = await new_segment(client, GERMAN)
        await keeper.settle()
        await patch(client, segment, archived=True)
        await client.patch(f"/v1/leads/{lead['id']}", json={"country": "FR"})
        await keeper.settle()
        await patch(client, segment, archived=False)
        await keeper.settle()
        assert await members_of(client, segment) == set()

    async def test_lists_tell_them_apart(self, client: Client) -> None:
        kept, gone = await new_segment(client), await new_segment(client)
        await patch(client, gone, archived=True)
        for archived, expected in (("true", gone), ("false", kept)):
            page = (await client.get(f"/v1/segments?archived={archived}&kind=static")).json()
            assert [each["id"] for each in page["data"]] == [expected["id"]]
        both = (await client.get("/v1/segments?limit=1")).json()
        assert [each["id"] for each in both["data"]] == [gone["id"]]
        rest = await client.get("/v1/segments", params={"cursor": both["next_cursor"]})
        assert [each["id"] for each in rest.json()["data"]] == [kept["id"]]


class TestSize:
    async def test_is_counted_now_and_without_trials(self, client: Client) -> None:
        segment = await new_segment(client, GERMAN)
        assert await size(client, segment) == 0
        lead = await create(client, full_name="Ada", country="DE")
        await create(client, full_name="Marie", country="FR")
        assert await size(client, segment) == 1
        assert (await client.delete(f"/v1/leads/{lead['id']}")).status_code == 204
        assert await size(client, segment) == 0

    async def test_trials_count_where_the_condition_speaks_of_them(
        self, client: Client, owner_database: Database
    ) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        await owner_database.fetch("UPDATE leads SET is_test = true WHERE id = $1", lead["id"])
        trials = {"field": "is_test", "op": "eq", "value": True}
        for condition, expected in (
            (GERMAN, 0),
            ({"not": {"field": "source", "op": "eq", "value": "x"}}, 0),
            ({"all": [GERMAN, trials]}, 1),
        ):
            preview = await client.post("/v1/segments/preview", json={"condition": condition})
            assert preview.json()["size"] == expected, condition


class TestPreview:
    async def test_tells_size_and_the_newest(self, client: Client) -> None:
        leads = [await create(client, full_name=f"Ada {n}", country="DE") for n in range(3)]
        answer = await client.post("/v1/segments/preview", json={"condition": GERMAN, "limit": 2})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["size"] == 3
        assert [each["id"] for each in told["members"]] == [leads[2]["id"], leads[1]["id"]]
        assert (await client.get("/v1/segments")).json()["data"] == []

    async def test_names_the_place_of_a_fault(self, client: Client) -> None:
        wrong = {"all": [GERMAN, {"field": "country_code", "op": "between", "value": []}]}
        answer = await client.post("/v1/segments/preview", json={"condition": wrong})
        assert pointers(answer.json()) == ["/condition/all/1/op"]


class TestRefresh:
    async def test_is_a_job_and_only_one(self, client: Client, keeper: Keeper) -> None:
        await create(client, full_name="Ada", country="DE")
        segment = await new_segment(client, GERMAN)
        path = f"/v1/segments/{segment['id']}/refresh"
        first, second = await client.post(path), await client.post(path)
        assert (first.status_code, first.json()["id"]) == (202, second.json()["id"])
        await keeper.refresh()
        job = (await client.get(f"/v1/jobs/{first.json()['id']}")).json()
        assert job["status"] == "done"
        assert (job["progress"]["entered"], job["progress"]["left"]) == (1, 0)
        assert (await client.post(path)).json()["id"] != job["id"]

    async def test_mends_what_was_missed(
        self, client: Client, keeper: Keeper, owner_database: Database
    ) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        segment = await new_segment(client, GERMAN)
        await keeper.settle()
        await owner_database.fetch("UPDATE leads SET country_code = 'FR' WHERE id = $1", lead["id"])
        await keeper.settle()
        assert await members_of(client, segment) == {lead["id"]}
        await client.post(f"/v1/segments/{segment['id']}/refresh")
        await keeper.settle()
        assert await members_of(client, segment) == set()


class TestSnapshot:
    async def test_keeps_who_was_in(self, client: Client, keeper: Keeper) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        segment = await new_segment(client, GERMAN)
        path = f"/v1/segments/{segment['id']}/snapshot"
        early = await client.post(path, json={"name": "March"})
        assert (early.status_code, early.json()["code"]) == (409, "not_evaluated")
        await keeper.settle()
        answer = await client.post(path, json={"name": "March"})
        assert answer.status_code == 201, answer.text
        copy = answer.json()
        assert (copy["kind"], copy["snapshot_of"]) == ("static", segment["id"])
        assert copy["evaluated_at"] is None
        assert await size(client, copy) == 1
        await client.patch(f"/v1/leads/{lead['id']}", json={"country": "FR"})
        await keeper.settle()
        assert await members_of(client, segment) == set()
        assert await members_of(client, copy) == {lead["id"]}
        entered = await events_of(client, "segment.entered")
        assert [each["data"]["name"] for each in entered] == ["Ripe", "March"]


class TestSegmentsThatNameOthers:
    async def test_follow_them(self, client: Client, keeper: Keeper) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        german = await new_segment(client, GERMAN)
        picked = await new_segment(client)
        both = await new_segment(client, {"all": [named(german), named(picked, op="not_in")]})
        await keeper.settle()
        assert await members_of(client, both) == {lead["id"]}
        body = {"lead_ids": [lead["id"]]}
        await client.post(f"/v1/segments/{picked['id']}/members", json=body)
        await keeper.settle()
        assert await members_of(client, both) == set()

    async def test_no_circles(self, client: Client, keeper: Keeper) -> None:
        first = await new_segment(client, GERMAN)
        second = await new_segment(client, named(first))
        third = await new_segment(client, {"not": named(second)})
        for target in (first, third):
            answer = await client.patch(
                f"/v1/segments/{first['id']}", json={"condition": {"all": [GERMAN, named(target)]}}
            )
            assert answer.status_code == 422, answer.text
            assert pointers(answer.json()) == ["/condition/all/1/value"]
        await keeper.settle()

    async def test_unknown_and_archived_ones_are_refused(self, client: Client) -> None:
        gone = await new_segment(client)
        await patch(client, gone, archived=True)
        for segment_id in (gone["id"], "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"):
            body = {"name": "x", "kind": "dynamic", "condition": named({"id": segment_id})}
            answer = await client.post("/v1/segments", json=body)
            assert pointers(answer.json()) == ["/condition/value"]

    async def test_one_that_is_named_is_not_archived(self, client: Client) -> None:
        german = await new_segment(client, GERMAN)
        await new_segment(client, named(german), name="Other")
        answer = await client.delete(f"/v1/segments/{german['id']}")
        assert (answer.status_code, answer.json()["segments"]) == (409, ["Other"])

    async def test_one_comes_back_only_with_those_that_it_names(self, client: Client) -> None:
        german = await new_segment(client, GERMAN)
        other = await new_segment(client, named(german), name="Other")
        for segment in (other, german):
            await patch(client, segment, archived=True)
        url = f"/v1/segments/{other['id']}"
        answer = await client.patch(url, json={"archived": False})
        assert (answer.status_code, answer.json()["code"]) == (409, "segment_archived"), answer.text
        assert answer.json()["segments"] == [german["name"]]
        await patch(client, german, archived=False)
        assert (await client.patch(url, json={"archived": False})).status_code == 200


class TestTime:
    async def test_a_condition_on_days_is_timed(self, client: Client) -> None:
        timed = await new_segment(
            client, {"field": "last_touch_at", "op": "within_days", "value": 7}
        )
        plain = await new_segment(client, GERMAN)
        assert (timed["timed"], plain["timed"]) == (True, False)

    async def test_leads_leave_when_the_days_are_over(
        self, client: Client, keeper: Keeper, owner_database: Database
    ) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        condition = {"field": "created_at", "op": "within_days", "value": 7}
        segment = await new_segment(client, condition)
        await keeper.settle()
        assert await members_of(client, segment) == {lead["id"]}
        await owner_database.fetch(
            "UPDATE leads SET created_at = created_at - interval '8 days' WHERE id = $1", lead["id"]
        )
        await keeper.settle()
        assert await members_of(client, segment) == {lead["id"]}
        # A quarter of an hour later.
        await owner_database.fetch(
            "UPDATE segments SET refresh_due_at = refresh_due_at - interval '16 minutes' "
            "WHERE id = $1",
            segment["id"],
        )
        await keeper.settle()
        assert await members_of(client, segment) == set()


class TestScores:
    async def test_are_tested_and_fade(self, client: Client) -> None:
        """Without a published model no lead has any."""
        await create(client, full_name="Ada")
        for field, value, timed in (("score", 0, True), ("fit", 0, False), ("grade", "A1", True)):
            condition = {"field": field, "op": "eq" if timed else "gte", "value": value}
            preview = await client.post("/v1/segments/preview", json={"condition": condition})
            assert preview.json()["size"] == 0, preview.text
            assert (await new_segment(client, condition))["timed"] is timed


class TestCustomFields:
    async def test_one_that_is_gone_is_told_and_mended(
        self, client: Client, keeper: Keeper
    ) -> None:
        field = {"key": "tier", "label": "Tier", "type": "text"}
        made = (await client.post("/v1/custom-fields", json=field)).json()
        gold = {"field": "custom.tier", "op": "eq", "value": "gold"}
        segment = await new_segment(client, gold)
        await keeper.settle()
        assert (await client.delete(f"/v1/custom-fields/{made['id']}")).status_code == 204
        await keeper.settle()
        await keeper.settle()
        assert "no such field" in (await read(client, segment))["problem"]
        broken = await client.get(f"/v1/segments/{segment['id']}/size")
        assert (broken.status_code, broken.json()["code"]) == (409, "condition_broken")
        lead = await create(client, full_name="Ada")
        await client.post("/v1/custom-fields", json=field)
        await client.patch(f"/v1/leads/{lead['id']}", json={"custom": {"tier": "gold"}})
        await keeper.settle()
        await keeper.settle()
        assert (await read(client, segment))["problem"] is None
        assert await members_of(client, segment) == {lead["id"]}
