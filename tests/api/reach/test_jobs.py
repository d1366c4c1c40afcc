"""Jobs over HTTP: seen, tried again, called off."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key
from tests.factories.jobs import Jobs, failed_job

pytestmark = pytest.mark.anyio


async def listed(client: Client, **query: Any) -> list[str]:
    answer = await client.get("/v1/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["data"]]


async def test_a_failed_job_says_why(client: Client) -> None:
    job_id = await failed_job(client, "MailFailed: the mail server cannot be reached")
    answer = await client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == 200
    job = answer.json()
    assert (job["kind"], job["status"], job["attempts"]) == ("test_unknown", "failed", 1)
    assert job["last_error"] == "MailFailed: the mail server cannot be reached"
    assert job["finished_at"] is None
    assert not {"workspace_id", "generation", "locked_until", "dedupe_key"} & job.keys()


async def test_jobs_are_listed_newest_first_page_by_page(client: Client) -> None:
    made = [str(await failed_job(client, "x")) for _ in range(5)]
    assert await listed(client) == made[::-1]
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/jobs", params=query)).json()
        seen += [job["id"] for job in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_the_list_is_narrowed_by_status_and_kind(client: Client) -> None:
    failed, cancelled = [str(await failed_job(client, "x")) for _ in range(2)]
    await client.post(f"/v1/jobs/{cancelled}/cancel")
    assert await listed(client, status="failed") == [failed]
    assert await listed(client, status=["failed", "cancelled"]) == [cancelled, failed]
    assert await listed(client, kind="test_unknown", status="cancelled") == [cancelled]
    assert await listed(client, kind="send_confirmation") == []
    assert (await client.get("/v1/jobs", params={"status": "lost"})).status_code == 422


async def test_a_job_is_tried_again(client: Client) -> None:
    job_id = await failed_job(client, "x")
    answer = await client.post(f"/v1/jobs/{job_id}/retry")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["attempts"]) == ("queued", 0)
    again = await client.post(f"/v1/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    [event] = await events_of(client, "job.retried")
    assert (event["subject_id"], event["api_key_id"] is not None) == (str(job_id), True)


async def test_a_job_is_cancelled(client: Client) -> None:
    job_id = await failed_job(client, "x")
    answer = await client.post(f"/v1/jobs/{job_id}/cancel")
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "cancelled"
    assert answer.json()["finished_at"] is not None
    again = await client.post(f"/v1/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert [e["subject_id"] for e in await events_of(client, "job.cancelled")] == [str(job_id)]


async def test_what_was_cancelled_is_not_begun(client: Client, app: FastAPI) -> None:
    jobs = Jobs(app.state.runtime.database, app.state.runtime.database, client.workspace_id)
    job_id = await jobs.add()
    await client.post(f"/v1/jobs/{job_id}/cancel")
    begun = []

    async def begin(context: Any) -> None:
        begun.append(context.job.id)

    await jobs.drain(begin)
    assert begun == []
    await client.post(f"/v1/jobs/{job_id}/retry")
    await jobs.drain(begin)
    assert begun == [job_id]


async def test_acting_needs_more_than_reading(client: Client) -> None:
    job_id = await failed_job(client, "x")
    reader = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
    assert (await client.get(f"/v1/jobs/{job_id}", headers=reader)).status_code == 200
    for action in ("retry", "cancel"):
        answer = await client.post(f"/v1/jobs/{job_id}/{action}", headers=reader)
        assert answer.status_code == 403


async def test_a_job_of_another_workspace_is_unknown(client: Client, stranger: Client) -> None:
    theirs = await failed_job(stranger, "secret")
    assert await listed(client) == []
    for job_id in (theirs, new_id()):
        for answer in (
            await client.get(f"/v1/jobs/{job_id}"),
            await client.post(f"/v1/jobs/{job_id}/retry"),
            await client.post(f"/v1/jobs/{job_id}/cancel"),
        ):
            assert answer.status_code == 404
    read = await stranger.get(f"/v1/jobs/{theirs}")
    assert read.json()["status"] == "failed"
