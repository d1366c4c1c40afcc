"""What Postgres alone can do: pgbench with the insert of one captured lead."""

import re
import shutil
import subprocess
from pathlib import Path

from app.adapters.postgres_runner import Runner, find_bin_dir
from benchmarks.load import CONNECTIONS, Sample
from benchmarks.processes import cpu_seconds
from benchmarks.stage import Filled, Stage

# The same rows as `POST /v1/leads` stores, in the same three round trips.
_SCRIPT = """
BEGIN;
SET LOCAL app.workspace_id = '{workspace}';
WITH made AS (SELECT '{workspace}'::uuid AS ws, uuidv7() AS id, uuidv7() AS touch, now() AS at,
                     'ada.' || gen_random_uuid() || '@example.com' AS email,
                     '+4930' || (20000000 + random() * 79999999)::bigint AS phone),
lead AS (INSERT INTO leads (workspace_id, id, status, lifecycle_stage, first_name, last_name,
           company, email, email_norm, phone, phone_norm, website, web_domain, country,
           country_code, source, custom, unnormalised, search_key, first_touch_at, last_touch_at,
           touch_count, created_at, updated_at, version)
         SELECT ws, id, 'new', 'lead', 'Ada', 'Lovelace', 'Analytical Engines Ltd', email, email,
           phone, phone, 'https://www.example.com', 'example.com', 'UK',
           'GB', 'website', '{{}}', '[]', 'ada lovelace analytical engines ltd ' || email, at, at,
           1, at, at, 1 FROM made),
identity AS (INSERT INTO lead_identities (workspace_id, id, lead_id, kind, system, value, shared,
               anchor, source, other_names, created_at)
             SELECT ws, uuidv7(), id, 'email', '', email, false, true, 'api', '[]'::jsonb, at
             FROM made UNION ALL
             SELECT ws, uuidv7(), id, 'phone', '', phone, true, false, 'api', '[]'::jsonb, at
             FROM made),
event AS (INSERT INTO events (workspace_id, id, type, subject_type, subject_id, lead_id, data,
            occurred_at, recorded_at)
          SELECT ws, uuidv7(), 'lead.created', 'lead', id, id, '{{"status": "new"}}'::jsonb, at, at
          FROM made UNION ALL
          SELECT ws, uuidv7(), 'touchpoint.recorded', 'touchpoint', touch, id,
            '{{"kind": "form_submitted"}}', at, at FROM made)
INSERT INTO touchpoints (workspace_id, id, lead_id, kind, occurred_at, recorded_at, utm, page_url,
  referrer)
SELECT ws, touch, id, 'form_submitted', at, at, '{{"source": "google", "medium": "cpc"}}',
  'https://www.example.com/pricing', 'https://www.google.com/' FROM made;
COMMIT;
"""


def pgbench_path() -> str | None:
    """The wheel's pgbench, or the system's."""
    beside = find_bin_dir(Runner.of_cluster(Path("/nonexistent")), None) / "pgbench"
    return str(beside) if beside.exists() else shutil.which("pgbench")


def run_pgbench(stage: Stage, filled: Filled, seconds: int) -> Sample:
    """Transactions by as many clients as the service has connections from outside."""
    program = pgbench_path()
    if program is None:
        raise RuntimeError("there is no pgbench")
    script = stage.folder / "insert.pgbench"
    script.write_text(_SCRIPT.format(workspace=filled.workspace_id).replace("\n\n", "\n"), "utf-8")
    before = cpu_seconds(stage.postmaster)
    done = subprocess.run(
        [
            *(program, "-n", "-M", "prepared", f"-c{CONNECTIONS}", "-j1", f"-T{seconds}"),
            *("-f", str(script), filled.app_url),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    spent = cpu_seconds(stage.postmaster) - before
    rate = float(_number(r"tps = ([\d.]+)", done.stdout))
    transactions = int(_number(r"transactions actually processed: (\d+)", done.stdout))
    latency = float(_number(r"latency average = ([\d.]+)", done.stdout))
    return Sample(rate, latency, float("nan"), 0, spent * 1000 / transactions, 0)


def _number(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"pgbench said: {text}")
    return found.group(1)
