"""Databases.  usage: databases.py <asyncpg|psycopg|aiosqlite> WORKLOAD
prints one line:  workload N seconds rate"""

import asyncio, os, sys, tempfile, time

WORDS = dict(word.split("=", 1) for word in os.environ.get("ASYNCIO_POSTGRES", "").split())


def report(name, n, dt):
    print(name, n, f"{dt:.4f}", f"{n/dt:.0f}", flush=True)


async def with_asyncpg(workload):
    import asyncpg

    options = dict(host=WORDS["host"], port=int(WORDS["port"]), user=WORDS["user"], database=WORDS["dbname"])
    if workload == "pgselect10":
        async with asyncpg.create_pool(**options, min_size=10, max_size=10) as pool:

            async def ask():
                for i in range(200):
                    assert await pool.fetchval("SELECT $1::int + 1", i) == i + 1

            t = time.perf_counter()
            await asyncio.gather(*(ask() for _ in range(100)))
            return report(workload, 20_000, time.perf_counter() - t)
    c = await asyncpg.connect(**options)
    t = time.perf_counter()
    if workload == "pgselect":
        for i in range(20_000):
            assert await c.fetchval("SELECT $1::int + 1", i) == i + 1
        report(workload, 20_000, time.perf_counter() - t)
    elif workload == "pginsert":
        await c.execute("CREATE TEMP TABLE t (id int, name text)")
        t = time.perf_counter()
        for start in range(0, 50_000, 1000):
            await c.executemany(
                "INSERT INTO t VALUES ($1, $2)", [(i, f"name of {i}") for i in range(start, start + 1000)])
        report(workload, 50_000, time.perf_counter() - t)
    else:
        rows = await c.fetch(ROWS)
        assert sum(row["id"] + len(row["name"]) for row in rows) > 0
        report(workload, 500_000, time.perf_counter() - t)
    await c.close()


async def with_psycopg(workload):
    import psycopg

    async with await psycopg.AsyncConnection.connect(os.environ["ASYNCIO_POSTGRES"], autocommit=True) as c:
        t = time.perf_counter()
        if workload == "pgselect":
            for i in range(20_000):
                cursor = await c.execute("SELECT %s::int + 1", (i,))
                assert (await cursor.fetchone())[0] == i + 1
            report(workload, 20_000, time.perf_counter() - t)
        elif workload == "pginsert":
            await c.execute("CREATE TEMP TABLE t (id int, name text)")
            t = time.perf_counter()
            for start in range(0, 50_000, 1000):
                async with c.transaction(), c.cursor() as cursor:
                    await cursor.executemany(
                        "INSERT INTO t VALUES (%s, %s)", [(i, f"name of {i}") for i in range(start, start + 1000)])
            report(workload, 50_000, time.perf_counter() - t)
        elif workload == "pgrows":
            cursor = await c.execute(ROWS)
            assert sum(row[0] + len(row[1]) for row in await cursor.fetchall()) > 0
            report(workload, 500_000, time.perf_counter() - t)
        else:
            sys.exit(64)


async def with_aiosqlite(workload):
    import aiosqlite

    async def select(db, i):
        async with db.execute("SELECT name FROM users WHERE id = ?", (i * 7 % 500_000 + 1,)) as cursor:
            assert len(await cursor.fetchall()) == 1

    with tempfile.TemporaryDirectory() as folder:
        async with aiosqlite.connect(f"{folder}/users.sqlite") as db:
            await db.execute("PRAGMA journal_mode = WAL")
            await db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, x REAL NOT NULL)")
            await db.execute(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500000) "
                "INSERT INTO users SELECT n, 'name of ' || n, n * 0.5 FROM n")
            await db.commit()
            t = time.perf_counter()
            if workload == "sqliteselect":
                for i in range(20_000):
                    await select(db, i)
                report(workload, 20_000, time.perf_counter() - t)
            elif workload == "sqliteselect100":

                async def ask(task):
                    for i in range(200):
                        await select(db, task * 200 + i)

                await asyncio.gather(*(ask(task) for task in range(100)))
                report(workload, 20_000, time.perf_counter() - t)
            elif workload == "sqliterows":
                async with db.execute("SELECT id, name, x FROM users") as cursor:
                    rows = await cursor.fetchall()
                assert sum(row[0] + len(row[1]) for row in rows) > 0
                report(workload, 500_000, time.perf_counter() - t)
            elif workload == "sqlitestream":
                total = 0
                async with db.execute("SELECT id, name, x FROM users") as cursor:
                    async for row in cursor:
                        total += row[0] + len(row[1])
                assert total > 0
                report(workload, 500_000, time.perf_counter() - t)
            else:
                sys.exit(64)


ROWS = "SELECT n AS id, 'name of ' || n AS name, n * 0.5::float8 AS x FROM generate_series(1, 500000) n"
PROGRAMS = {"asyncpg": with_asyncpg, "psycopg": with_psycopg, "aiosqlite": with_aiosqlite}
asyncio.run(PROGRAMS[sys.argv[1]](sys.argv[2]))
