"""A worker in Python on the same table, for comparison."""
import asyncio
import json
import os

import asyncpg

TAKE = """
UPDATE work SET attempts = attempts + 1, visible_at = clock_timestamp() + 3 * interval '1 s'
WHERE id = ANY (ARRAY(
  SELECT id FROM work WHERE died_at IS NULL AND visible_at <= clock_timestamp() AND attempts < 1000
  ORDER BY visible_at, id LIMIT 20 FOR UPDATE SKIP LOCKED))
RETURNING id, value, attempts"""
DONE = """
DELETE FROM work q USING unnest($1::bigint[], $2::int[]) AS d (id, attempt)
WHERE q.id = d.id AND q.attempts = d.attempt"""


async def work(pool):
    while True:
        rows = await pool.fetch(TAKE)
        if not rows:
            await asyncio.sleep(0.2)
            continue
        values = [json.loads(row["value"]) for row in rows]
        await pool.execute(
            "INSERT INTO work_log SELECT value, $1 FROM unnest($2::int[]) value", os.getpid(), values)
        await pool.execute(DONE, [row["id"] for row in rows], [row["attempts"] for row in rows])


async def main():
    words = dict(word.split("=", 1) for word in os.environ["ASYNCIO_POSTGRES"].split())
    async with asyncpg.create_pool(
        host=words["host"], port=int(words["port"]), user=words["user"], database=words["dbname"], min_size=2, max_size=4
    ) as pool:
        await asyncio.gather(work(pool), work(pool))


asyncio.run(main())
