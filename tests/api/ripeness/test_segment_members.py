"""Members of segments over HTTP: picked, followed, listed; merged and deleted leads."""

from typing import Any

import httpx
import pytest

from app.platform.db import Database
from app.platform.ids import new_id
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key
from tests.factories.merges import merged, new_lead, undone
from tests.factories.segments import GERMAN, Keeper, members_of, new_segment

pytestmark = pytest.mark.anyio


@pytest.fixture
def keeper(database: Database, client: Client) -> Keeper:
    """The worker of this workspace."""
    return Keeper(database, client.workspace_id)


async def pick(
    client: Client, segment: dict[str, Any], *lead_ids: Any, remove: bool = False
) -> list[dict[str, Any]]:
    """The results of putting leads into a segment, or taking them out."""
    answer = await ask_pick(client, segment, *lead_ids, remove=remove)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def ask_pick(
    client: Client, segment: dict[str, Any], *lead_ids: Any, remove: bool = False
) -> httpx.Response:
    path = f"/v1/segments/{segment['id']}/members" + ("/remove" if remove else "")
    return await client.post(path, json={"lead_ids": lead_ids})


async def crossings(client: Client) -> list[tuple[str, str]]:
    """Who entered and who left, in order."""
    found = await events_of(client, "segment.entered", "segment.left")
    return [(each["type"].partition(".")[2], each["lead_id"]) for each in found]


class TestPicking:
    async def test_every_item_is_answered(self, client: Client) -> None:
        lead = await create(client, full_name="Ada")
        segment = await new_segment(client)
        unknown = str(new_id())
        results = await pick(client, segment, lead["id"], unknown, "no id", lead["id"])
        assert [each["status"] for each in results] == ["added", "rejected", "rejected", "present"]
        assert results[1]["error"]["code"] == "not_found"
        assert results[2]["error"]["errors"][0]["pointer"] == "/lead_ids/2"
        assert await members_of(client, segment) == {lead["id"]}
        results = await pick(client, segment, lead["id"], lead["id"], unknown, remove=True)
        assert [each["status"] for each in results] == ["removed", "absent", "rejected"]
        assert await members_of(client, segment) == set()
        assert await crossings(client) == [("entered", lead["id"]), ("left", lead["id"])]

    async def test_takes_a_thousand_and_no_more(self, client: Client) -> None:
        segment = await new_segment(client)
        ids = [str(new_id()) for _ in range(1_001)]
        assert len(await pick(client, segment, *ids[:1_000])) == 1_000
        assert (await ask_pick(client, segment, *ids)).status_code == 422

    async def test_a_condition_is_not_overruled(self, client: Client) -> None:
        lead = await create(client, full_name="Ada")
        segment = await new_segment(client, GERMAN)
        answer = await ask_pick(client, segment, lead["id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "segment_dynamic")

    async def test_an_archived_one_stays_as_it_is(self, client: Client) -> None:
        lead = await create(client, full_name="Ada")
        segment = await new_segment(client)
        await client.delete(f"/v1/segments/{segment['id']}")
        answer = await ask_pick(client, segment, lead["id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "segment_archived")

    async def test_takes_the_right_to_write_leads(self, client: Client) -> None:
        segment = await new_segment(client)
        path = f"/v1/segments/{segment['id']}/members"
        body = {"lead_ids": [(await create(client, full_name="Ada"))["id"]]}
        reading, writing = [
            bearer((await new_key(client, *scopes))["key"])
            for scopes in (("leads:read",), ("leads:read", "leads:write"))
        ]
        assert (await client.post(path, json=body, headers=reading)).status_code == 403
        assert (await client.post(path, json=body, headers=writing)).status_code == 200


class TestFollowing:
    async def test_changes_and_touches_let_leads_enter_and_leave(
        self, client: Client, keeper: Keeper
    ) -> None:
        called = {"field": "touches", "kind": "call", "op": "gte", "value": 1}
        segment = await new_segment(client, {"all": [GERMAN, called]})
        await keeper.settle()
        lead = await create(client, full_name="Ada", country="DE")
        await keeper.follow()
        assert await members_of(client, segment) == set()
        await client.post(f"/v1/leads/{lead['id']}/touchpoints", json={"kind": "call"})
        await keeper.follow()
        assert await members_of(client, segment) == {lead["id"]}
        await client.patch(f"/v1/leads/{lead['id']}", json={"country": "FR"})
        await keeper.follow()
        assert await members_of(client, segment) == set()
        assert await crossings(client) == [("entered", lead["id"]), ("left", lead["id"])]

    async def test_only_new_entries_are_looked_at(self, client: Client, keeper: Keeper) -> None:
        await create(client, full_name="Ada", country="DE")
        await new_segment(client, GERMAN)
        await keeper.settle()
        assert await keeper.follow() == 0
        lead = await create(client, full_name="Marie", country="DE")
        assert await keeper.follow() > 0
        assert ("entered", lead["id"]) in await crossings(client)
        # The event of its entry is passed over, as no segment names another.
        assert await keeper.follow() == 0

    async def test_nothing_is_followed_where_there_are_no_segments(
        self, client: Client, keeper: Keeper
    ) -> None:
        await create(client, full_name="Ada", country="DE")
        assert await keeper.follow() == 0

    async def test_a_lead_that_is_deleted_leaves(self, client: Client, keeper: Keeper) -> None:
        lead = await create(client, full_name="Ada", country="DE")
        dynamic, static = await new_segment(client, GERMAN), await new_segment(client)
        await pick(client, static, lead["id"])
        await keeper.settle()
        assert (await client.delete(f"/v1/leads/{lead['id']}")).status_code == 204
        for segment in (dynamic, static):
            assert await members_of(client, segment) == set()
        await keeper.settle()
        assert (
            sorted(await crossings(client))
            == [("entered", lead["id"])] * 2 + [("left", lead["id"])] * 2
        )


class TestMerges:
    async def test_the_winner_is_in_where_the_loser_was_and_undo_takes_it_back(
        self, client: Client, keeper: Keeper
    ) -> None:
        winner, loser = await new_lead(client), await new_lead(client, country="DE")
        dynamic, static = await new_segment(client, GERMAN), await new_segment(client)
        await pick(client, static, loser["id"])
        await keeper.settle()
        merge = await merged(client, winner, loser)
        await keeper.settle()
        for segment in (dynamic, static):
            assert await members_of(client, segment) == {winner["id"]}
        await undone(client, merge)
        await keeper.settle()
        for segment in (dynamic, static):
            assert await members_of(client, segment) == {loser["id"]}
            size = (await client.get(f"/v1/segments/{segment['id']}/size")).json()["size"]
            assert size == 1

    async def test_picking_who_was_merged_picks_who_stands_for_it(
        self, client: Client, keeper: Keeper
    ) -> None:
        winner, loser = await new_lead(client), await new_lead(client)
        segment = await new_segment(client)
        merge = await merged(client, winner, loser)
        results = await pick(client, segment, loser["id"], winner["id"])
        assert [(each["status"], each["lead_id"]) for each in results] == [
            ("added", winner["id"]),
            ("present", winner["id"]),
        ]
        await undone(client, merge)
        await keeper.settle()
        assert await members_of(client, segment) == {winner["id"]}

    async def test_who_is_taken_out_takes_its_parts_along(
        self, client: Client, keeper: Keeper
    ) -> None:
        winner, loser = await new_lead(client), await new_lead(client)
        segment = await new_segment(client)
        await pick(client, segment, loser["id"])
        await merged(client, winner, loser)
        await keeper.settle()
        [result] = await pick(client, segment, winner["id"], remove=True)
        assert result["status"] == "removed"
        await keeper.settle()
        assert await members_of(client, segment) == set()


class TestLists:
    async def test_newest_first_or_by_lead(self, client: Client) -> None:
        leads = [await create(client, full_name=f"Ada {n}") for n in range(5)]
        segment = await new_segment(client)
        order = [2, 0, 4, 1, 3]
        for number in order:
            await pick(client, segment, leads[number]["id"])
        for sort, expected in (
            ("-entered_at", order[::-1]),
            ("entered_at", order),
            ("lead_id", range(5)),
            ("-lead_id", range(4, -1, -1)),
        ):
            found: list[str] = []
            cursor = None
            while cursor is not None or not found:
                query: dict[str, Any] = {"sort": sort, "limit": 2}
                query |= {"cursor": cursor} if cursor else {}
                path = f"/v1/segments/{segment['id']}/members"
                page = (await client.get(path, params=query)).json()
                found += [each["id"] for each in page["data"]]
                cursor = page["next_cursor"]
            assert found == [leads[number]["id"] for number in expected], sort

    async def test_says_as_of_when(self, client: Client, keeper: Keeper) -> None:
        segment = await new_segment(client, GERMAN)
        path = f"/v1/segments/{segment['id']}/members"

        async def as_of() -> Any:
            return (await client.get(path)).json()["evaluated_at"]

        assert await as_of() is None
        await keeper.settle()
        first = await as_of()
        # Nothing waits, so it is right at this moment.
        assert await as_of() > first
        lead = await create(client, full_name="Ada", country="DE")
        behind = await as_of()
        assert behind == await as_of() < lead["created_at"]
        await keeper.follow()
        await keeper.place()
        assert await as_of() > lead["created_at"]

    async def test_segments_of_a_lead(self, client: Client) -> None:
        lead = await create(client, full_name="Ada")
        segments = [await new_segment(client, name=f"List {n}") for n in range(3)]
        for segment in segments:
            await pick(client, segment, lead["id"])
        path = f"/v1/leads/{lead['id']}/segments"
        page = (await client.get(path, params={"limit": 2})).json()
        assert [each["name"] for each in page["data"]] == ["List 2", "List 1"]
        assert page["data"][0]["kind"] == "static"
        page = (await client.get(path, params={"cursor": page["next_cursor"]})).json()
        assert [each["name"] for each in page["data"]] == ["List 0"]
        assert page["next_cursor"] is None
        assert (await client.get(f"/v1/leads/{new_id()}/segments")).status_code == 404
