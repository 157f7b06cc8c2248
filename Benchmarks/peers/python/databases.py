"""Databases.  usage: databases.py <asyncpg|psycopg> <pgselect|pgselect10|pginsert|pgrows>
prints one line:  workload N seconds rate"""

import asyncio, os, sys, time

WORDS = dict(word.split("=", 1) for word in os.environ["ASYNCIO_POSTGRES"].split())


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


ROWS = "SELECT n AS id, 'name of ' || n AS name, n * 0.5::float8 AS x FROM generate_series(1, 500000) n"
asyncio.run({"asyncpg": with_asyncpg, "psycopg": with_psycopg}[sys.argv[1]](sys.argv[2]))
