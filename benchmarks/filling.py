"""A workspace full of leads, touchpoints and events, made by a few large statements."""

from uuid import UUID

import asyncpg

BUSY_LEADS = 200
BUSY_TOUCHES = 120
USERS = 20

_SETUP = """
CREATE TEMP TABLE words AS SELECT
    '{Ada,Björn,Chloé,Dmitri,Elif,Farid,Grace,Hana,Ivan,Julia,Kofi,Léa,Mei,Noah,Olga,Priya}'::text[]
        AS first,
    '{Lovelace,Müller,Durand,Sokolov,Yılmaz,Haddad,Hopper,Sato,Novák,Rossi,Mensah,Kim}'::text[]
        AS last,
    '{Engines,Heating,Solar,Logistics,Dental,Foods,Tools,Textiles,Software,Paper,Marine}'::text[]
        AS trade
"""

_USERS = """
INSERT INTO users (workspace_id, id, name, email, role, team_id, time_zone, active, created_at,
                   updated_at, version)
SELECT $1, uuidv7(), 'User ' || n, 'user' || n || '@touchline.test', 'rep', NULL, 'UTC', true,
       now(), now(), 1
FROM generate_series(1, $2::int) AS n
"""

# Leads arrive evenly over two years; ids are of the same age as the rows. One in a thousand has
# values that are rare, for filters that find little.
_LEADS = """
INSERT INTO leads (workspace_id, id, status, lifecycle_stage, first_name, last_name, company, email,
                   email_norm, phone, phone_norm, website, web_domain, country, country_code,
                   source, owner_id, custom, unnormalised, search_key, first_touch_at,
                   last_touch_at, touch_count, created_at, updated_at, version)
SELECT $1, uuidv7(born - now()),
       CASE WHEN rare THEN 'qualified'
            ELSE (ARRAY['new','new','new','working','nurturing'])[1 + n % 5] END,
       'lead', first, last, company, email, email, '+49 30 ' || 1000000 + n,
       '+4930' || 1000000 + n, 'https://' || domain || '/', domain, country, country,
       CASE WHEN rare THEN 'partner'
            ELSE (ARRAY['website','fair','referral','import'])[1 + n % 4] END,
       CASE WHEN n % 3 = 0 THEN owners[1 + n % cardinality(owners)] END, '{}', '[]',
       lower(concat_ws(' ', first, last, company, email)), born,
       born + ($3::int - 1) * interval '3 days', $3, born, born, 1
FROM (
    SELECT n, first, last, company, domain, born,
           lower('lead' || n || '@' || domain) AS email,
           n % 1000 = 999 AS rare,
           CASE WHEN n % 1000 = 999 THEN 'IS'
                ELSE (ARRAY['DE','AT','FR','GB','PL'])[1 + n % 5] END AS country
    FROM (
        SELECT n, w.first[1 + n % 16] AS first, w.last[1 + n % 12] AS last,
               w.last[1 + n % 11] || ' ' || w.trade[1 + n % 10] || ' ' || n / 20 AS company,
               'company' || n / 20 || '.com' AS domain,
               now() - (($2::int - n + 1) * interval '730 days' / $2::int) AS born
        FROM generate_series(1, $2::int) AS n, words AS w
    ) AS drawn
) AS made, (SELECT array_agg(id) AS owners FROM users WHERE workspace_id = $1) AS u
ORDER BY n
"""

_IDENTITIES = """
INSERT INTO lead_identities (workspace_id, id, lead_id, kind, system, value, source, other_names,
                             created_at)
SELECT workspace_id, uuidv7(created_at - now()), id, 'email', '', email_norm, 'api', '[]'::jsonb,
       created_at
FROM leads WHERE workspace_id = $1
UNION ALL
SELECT workspace_id, uuidv7(created_at - now()), id, 'phone', '', phone_norm, 'api', '[]'::jsonb,
       created_at
FROM leads WHERE workspace_id = $1
UNION ALL
SELECT workspace_id, uuidv7(created_at - now()), id, 'external', 'shop',
       'customer-' || row_number() OVER (ORDER BY created_at, id), 'api', '[]'::jsonb, created_at
FROM leads WHERE workspace_id = $1
"""

# One touch for every lead at a time, so that the touches of a lead lie apart as in real life.
_TOUCHES = """
INSERT INTO touchpoints (workspace_id, id, lead_id, kind, channel, occurred_at, recorded_at, utm,
                         page_url, source_system, external_id)
SELECT workspace_id, uuidv7(at - now()), id,
       (ARRAY['page_viewed','form_submitted','email_opened','call'])[1 + $2::int % 4],
       'organic_search', at, at, '{"source": "google", "medium": "organic"}',
       'https://www.example.com/products/' || $2::int, 'web', $2::int || '-' || id
FROM (SELECT *, created_at + ($2::int - 1) * interval '3 days' AS at FROM leads
      WHERE workspace_id = $1) AS lead
WHERE $3::int = 0 OR id = ANY (SELECT id FROM busy)
"""

_BUSY = """
CREATE TEMP TABLE busy AS
SELECT id FROM leads WHERE workspace_id = $1 ORDER BY hashtext(id::text) LIMIT $2
"""

_EVENTS = """
INSERT INTO events (workspace_id, id, type, subject_type, subject_id, lead_id, data, occurred_at,
                    recorded_at, position)
SELECT workspace_id, uuidv7(created_at - now()), 'lead.created', 'lead', id, id,
       '{"status": "new", "source": "website"}', created_at, created_at,
       row_number() OVER (ORDER BY created_at, id)
FROM leads WHERE workspace_id = $1
"""

_TOUCH_EVENTS = """
INSERT INTO events (workspace_id, id, type, subject_type, subject_id, lead_id, data, occurred_at,
                    recorded_at, position)
SELECT workspace_id, uuidv7(occurred_at - now()), 'touchpoint.recorded', 'touchpoint', id, lead_id,
       jsonb_build_object('kind', kind, 'channel', channel), occurred_at, occurred_at,
       $2::bigint + row_number() OVER (ORDER BY id)
FROM touchpoints WHERE workspace_id = $1
"""

_COUNTER = """
INSERT INTO event_positions (workspace_id, last_position)
SELECT $1, max(position) FROM events WHERE workspace_id = $1
"""


async def fill(owner_url: str, workspace_id: UUID, leads: int, touches: int) -> None:
    """Fill an empty workspace; some leads get many more touches than the others."""
    connection = await asyncpg.connect(owner_url, command_timeout=7200)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL app.workspace_id = '{workspace_id}'")
            # The rows fit by construction; checking every reference would take most of the time.
            await connection.execute("SET LOCAL session_replication_role = replica")
            await _fill(connection, workspace_id, leads, touches)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _fill(
    connection: asyncpg.Connection, workspace_id: UUID, leads: int, touches: int
) -> None:
    await connection.execute(_SETUP)
    await connection.execute(_USERS, workspace_id, USERS)
    await connection.execute(_LEADS, workspace_id, leads, touches)
    await connection.execute(_IDENTITIES, workspace_id)
    await connection.execute(_BUSY, workspace_id, BUSY_LEADS)
    for number in range(1, touches + 1):
        await connection.execute(_TOUCHES, workspace_id, number, 0)
    for number in range(touches + 1, BUSY_TOUCHES + 1):
        await connection.execute(_TOUCHES, workspace_id, number, 1)
    await connection.execute(_EVENTS, workspace_id)
    await connection.execute(_TOUCH_EVENTS, workspace_id, leads)
    await connection.execute(_COUNTER, workspace_id)
    await connection.execute(
        "UPDATE leads SET touch_count = $2::int,"
        " last_touch_at = created_at + ($2::int - 1) * interval '3 days'"
        " WHERE workspace_id = $1 AND id = ANY (SELECT id FROM busy)",
        workspace_id,
        BUSY_TOUCHES,
    )
