"""asyncio-family workloads.  usage: bench.py <asyncio|uvloop|rloop> <workload> [port]   (echo: protocols; echo-streams)
prints one line:  workload N seconds rate [extra k=v]"""

import asyncio, os, random, resource, socket, sys, time

PART = float(os.environ.get("BENCHMARK_PART", 1))


def sized(n):
    """As much of n as BENCHMARK_PART says."""
    return max(1, round(n * PART))


def report(name, n, dt, **extra):
    print(name, n, f"{dt:.4f}", f"{n/dt:.0f}", *(f"{k}={v}" for k, v in extra.items()), flush=True)


async def spawn():
    async def trivial(i):
        return i

    n, batch, total = sized(1_000_000), 1000, 0
    t = time.perf_counter()
    for _ in range(n // batch):
        total += sum(await asyncio.gather(*(trivial(i) for i in range(batch))))
    report("spawn", n, time.perf_counter() - t)
    assert total == (n // batch) * (batch * (batch - 1) // 2)


async def yield_():
    turns = sized(10_000)

    async def w():
        for _ in range(turns):
            await asyncio.sleep(0)

    t = time.perf_counter()
    await asyncio.gather(*(w() for _ in range(100)))
    report("yield", 100 * turns, time.perf_counter() - t)


async def pingpong():
    a, b, rounds = asyncio.Queue(1), asyncio.Queue(1), sized(500_000)

    async def pong():
        for _ in range(rounds):
            await b.put(await a.get())

    async def ping():
        s = 0
        for i in range(rounds):
            await a.put(i)
            s += await b.get()
        return s

    t = time.perf_counter()
    p = asyncio.create_task(pong())
    s = await ping()
    await p
    report("pingpong", 2 * rounds, time.perf_counter() - t)
    assert s == rounds * (rounds - 1) // 2


async def queue():
    q, n = asyncio.Queue(100), sized(1_000_000)

    async def producer():
        for i in range(n):
            await q.put(i)
        for _ in range(3):
            await q.put(None)

    async def consumer():
        s = 0
        while (i := await q.get()) is not None:
            s += i
        return s

    t = time.perf_counter()
    _, *r = await asyncio.gather(producer(), consumer(), consumer(), consumer())
    report("queue", n, time.perf_counter() - t)
    assert sum(r) == n * (n - 1) // 2


async def files():
    """As much of ten thousand files of 1 KiB, read whole a hundred at a time by aiofiles; once, as it takes long."""
    import aiofiles
    import tempfile
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        paths = [f"{directory}/{i}" for i in range(sized(10_000))]
        for path in paths:
            with open(path, "wb") as file:
                file.write(b"x" * 1024)
        limit = asyncio.Semaphore(100)

        async def read(path):
            async with limit:
                async with aiofiles.open(path, "rb") as file:
                    return await file.read()

        for _ in range(2):  # the first warms up
            t = time.perf_counter()
            contents = await asyncio.gather(*map(read, paths))
            assert all(len(content) == 1024 for content in contents)
        report("files", len(paths), time.perf_counter() - t)


async def semaphore():
    sem, rounds = asyncio.Semaphore(10), sized(1000)

    async def w():
        for _ in range(rounds):
            async with sem:
                await asyncio.sleep(0)

    t = time.perf_counter()
    await asyncio.gather(*(w() for _ in range(1000)))
    report("semaphore", 1000 * rounds, time.perf_counter() - t)


async def lock():
    lock, n, total = asyncio.Lock(), sized(5_000_000), 0
    t = time.perf_counter()
    for _ in range(n):
        async with lock:
            total += 1
    report("lock", n, time.perf_counter() - t)
    assert total == n


async def lockcontended():
    lock, rounds = asyncio.Lock(), sized(10_000)

    async def w():
        for _ in range(rounds):
            async with lock:
                await asyncio.sleep(0)

    t = time.perf_counter()
    await asyncio.gather(*(w() for _ in range(100)))
    report("lockcontended", 100 * rounds, time.perf_counter() - t)


async def event():
    """A thousand tasks that wait for the same event, again and again: the last to wake lets the next happen."""
    tasks, rounds, awake = 1000, sized(1000), 0
    events = [(asyncio.Event(), asyncio.Event()) for _ in range(rounds)]

    async def w():
        nonlocal awake
        for happens, all_awake in events:
            await happens.wait()
            awake += 1
            if awake % tasks == 0:
                all_awake.set()

    waiters = [asyncio.create_task(w()) for _ in range(tasks)]
    await asyncio.sleep(0)
    t = time.perf_counter()
    for happens, all_awake in events:
        happens.set()
        await all_awake.wait()
    await asyncio.gather(*waiters)
    report("event", tasks * rounds, time.perf_counter() - t)
    assert awake == tasks * rounds


def delays(n):  # same LCG in every peer: uniform in [1,5) s
    x = 12345
    for _ in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        yield 1.0 + 4.0 * ((x >> 33) / 2147483648.0)


async def sleep1m():
    n = sized(1_000_000)
    t = time.perf_counter()
    await asyncio.gather(*(asyncio.sleep(d) for d in delays(n)))
    dt = time.perf_counter() - t
    ru = resource.getrusage(resource.RUSAGE_SELF)
    report("sleep1m", n, dt, rss_mib=ru.ru_maxrss // 1024, cpu=f"{ru.ru_utime + ru.ru_stime:.2f}")


async def timers():  # 10 rounds of: set 100k timers, cancel all
    loop, rounds, n = asyncio.get_running_loop(), sized(10), 100_000

    def cb():
        pass

    t = time.perf_counter()
    for _ in range(rounds):
        hs = [loop.call_later(10 + i / n, cb) for i in range(n)]
        for h in hs:
            h.cancel()
        await asyncio.sleep(0)
    report("timers", rounds * n, time.perf_counter() - t)


async def timeout():
    async def ready(i):
        return i

    n, s = sized(1_000_000), 0
    t = time.perf_counter()
    for i in range(n):
        s += await asyncio.wait_for(ready(i), 10)
    report("timeout", n, time.perf_counter() - t)
    assert s == n * (n - 1) // 2


async def race():
    async def first(i):
        await asyncio.sleep(0)
        return i

    n, s = sized(100_000), 0
    t = time.perf_counter()
    for i in range(n):
        tasks = asyncio.create_task(first(i)), asyncio.create_task(asyncio.sleep(10, 0))
        done, losers = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for loser in losers:
            loser.cancel()
        await asyncio.gather(*losers, return_exceptions=True)
        s += done.pop().result()
    report("race", n, time.perf_counter() - t)
    assert s == n * (n - 1) // 2


async def ascompleted():
    async def once(i):
        await asyncio.sleep(0)
        return i

    n, batch, total = sized(1_000_000), 1000, 0
    t = time.perf_counter()
    for _ in range(n // batch):
        for result in asyncio.as_completed([once(i) for i in range(batch)]):
            total += await result
    report("ascompleted", n, time.perf_counter() - t)
    assert total == (n // batch) * (batch * (batch - 1) // 2)


async def generator():
    async def numbers(n):
        for i in range(n):
            yield i

    n, total = sized(1_000_000), 0
    t = time.perf_counter()
    async for i in numbers(n):
        total += i
    report("generator", n, time.perf_counter() - t)
    assert total == n * (n - 1) // 2


async def blocking():
    loop, n = asyncio.get_running_loop(), sized(100_000)
    f = lambda: 1
    t = time.perf_counter()
    s = 0
    for _ in range(n):
        s += await loop.run_in_executor(None, f)
    report("blocking", n, time.perf_counter() - t)
    assert s == n


async def blocking100():
    loop = asyncio.get_running_loop()
    f, calls = lambda: 1, sized(1000)

    async def w():
        for _ in range(calls):
            await loop.run_in_executor(None, f)

    t = time.perf_counter()
    await asyncio.gather(*(w() for _ in range(100)))
    report("blocking100", 100 * calls, time.perf_counter() - t)


async def blockers():
    calls = asyncio.gather(*(asyncio.to_thread(time.sleep, 2) for _ in range(16)))
    longest = 0.0
    while not calls.done():
        t = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - t - 0.001)
    report("blockers", 1, longest)


async def echo_streams(port):
    async def handle(r, w):
        try:
            while data := await r.read(262144):
                w.write(data)
                await w.drain()
        except ConnectionError:
            pass
        finally:
            w.close()

    s = await asyncio.start_server(handle, "127.0.0.1", port, backlog=1024)
    async with s:
        await s.serve_forever()


async def lines():
    n, line = sized(2_000_000), b"x" * 63 + b"\n"
    near, far = socket.socketpair()
    reader, kept = await asyncio.open_connection(sock=far)  # an end that is dropped is closed
    other, writer = await asyncio.open_connection(sock=near)
    block, t = line * 1024, time.perf_counter()

    async def write():
        left = n
        while left:
            count = min(left, 1024)
            writer.write(block[: count * len(line)])
            await writer.drain()
            left -= count
        writer.close()

    writing, seen = asyncio.create_task(write()), 0
    while got := await reader.readline():
        assert len(got) == 64
        seen += 1
    await writing
    assert seen == n
    report("lines", n, time.perf_counter() - t)


async def echo_proto(port):
    class Echo(asyncio.Protocol):
        def connection_made(self, tr):
            self.tr = tr

        def data_received(self, data):
            self.tr.write(data)

    s = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=1024)
    await asyncio.get_running_loop().create_future()  # rloop 0.5.0's Server.serve_forever() refuses connections


async def http_client(conc, n, lib):
    url, per, ok = "http://127.0.0.1:18080/hello", iter(range(n)), 0
    if lib == "aiohttp":
        import aiohttp

        client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=conc))

        async def get():
            async with client.get(url) as r:
                return r.status, await r.read()

        close = client.close
    else:
        import httpx

        client = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=conc, max_keepalive_connections=conc), timeout=60
        )

        async def get():
            r = await client.get(url)
            return r.status_code, r.content

        close = client.aclose

    async def w():
        nonlocal ok
        for _ in per:
            st, body = await get()
            if st == 200 and len(body) == 100:
                ok += 1

    t = time.perf_counter()
    await asyncio.gather(*(w() for _ in range(conc)))
    dt = time.perf_counter() - t
    await close()
    assert ok == n, ok
    report(f"http-{lib}-c{conc}", n, dt)


async def curve(name, size, at_least, body):
    """The curves: the same work at sizes from one to a million, as often as it takes to be measured."""
    rounds = max(1, at_least // size)
    t = time.perf_counter()
    for _ in range(rounds):
        await body()
    dt = time.perf_counter() - t
    report(name, rounds * size, dt, rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def shuffled(size):
    order = list(range(size))
    random.Random(12345).shuffle(order)
    return order


async def curve_tasks(size):
    async def once(i):
        await asyncio.sleep(0)
        return i

    async def body():
        assert len(await asyncio.gather(*(once(i) for i in range(size)))) == size

    await curve("curve-tasks", size, 100_000, body)


async def curve_timers(size):
    loop, order = asyncio.get_running_loop(), shuffled(size)

    def cb():
        pass

    async def body():
        handles = [loop.call_later(100 + i / 100_000, cb) for i in range(size)]
        for i in order:
            handles[i].cancel()
        await asyncio.sleep(0)

    await curve("curve-timers", size, 100_000, body)


async def curve_queue(size):
    queue = asyncio.Queue()

    async def body():
        for i in range(size):
            await queue.put(i)
        total = 0
        for _ in range(size):
            total += await queue.get()
        assert total == size * (size - 1) // 2

    await curve("curve-queue", size, 200_000, body)


async def curve_waiters(size):
    order = shuffled(size)

    async def body():
        semaphore = asyncio.Semaphore(0)
        waiters = [asyncio.create_task(semaphore.acquire()) for _ in order]
        await asyncio.sleep(0)
        for i in order:
            waiters[i].cancel()
        await asyncio.gather(*waiters, return_exceptions=True)

    await curve("curve-waiters", size, 20_000, body)


def tls_contexts():
    import pathlib, ssl

    folder = pathlib.Path(__file__).resolve().parents[3] / "Tests/AsyncIOTLSTests/Certificates"
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "server.pem", folder / "server.key.pem")
    return server, ssl.create_default_context(cafile=folder / "authority.pem")


class TLSEcho(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class TLSClient(asyncio.Protocol):
    """A closed loop of messages; protocols are the fastest way here too."""

    def __init__(self, message, count):
        self.message, self.count, self.got = message, count, 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def start(self):
        self.transport.write(self.message)
        return self.done

    def data_received(self, data):
        self.got += len(data)
        if self.got < len(self.message):
            return
        assert self.got == len(self.message)
        self.got, self.count = 0, self.count - 1
        if self.count:
            self.transport.write(self.message)
        else:
            self.transport.close()

    def connection_lost(self, error):
        if error is None and not self.count:
            self.done.set_result(None)
        else:
            self.done.set_exception(error or ConnectionError("ended early"))


async def tls_run(connections, at_once, message, count):
    loop = asyncio.get_running_loop()
    server_context, client_context = tls_contexts()
    server = await loop.create_server(TLSEcho, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]

    async def connect():
        return (await loop.create_connection(
            lambda: TLSClient(message, count), "127.0.0.1", port, ssl=client_context))[1]

    if connections == at_once:
        clients = await asyncio.gather(*(connect() for _ in range(connections)))
        t = time.perf_counter()
        await asyncio.gather(*(client.start() for client in clients))
    else:
        left = iter(range(connections))

        async def worker():
            for _ in left:
                await (await connect()).start()

        t = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(at_once)))
    dt = time.perf_counter() - t
    server.close()
    return dt


async def tls():
    report("tls", 20_000, await tls_run(16, 16, bytes(16_384), 1250))


async def tlshandshake():
    report("tlshandshake", 2000, await tls_run(2000, 16, b"hello", 1))


if __name__ == "__main__":
    loopname, wl, *rest = sys.argv[1:]
    if loopname == "asyncio":
        lf = None
    else:
        lf = __import__(loopname).new_event_loop
    fn = {
        "spawn": spawn,
        "yield": yield_,
        "pingpong": pingpong,
        "queue": queue,
        "files": files,
        "semaphore": semaphore,
        "sleep1m": sleep1m,
        "lock": lock,
        "lockcontended": lockcontended,
        "event": event,
        "timers": timers,
        "timeout": timeout,
        "race": race,
        "ascompleted": ascompleted,
        "generator": generator,
        "tls": tls,
        "tlshandshake": tlshandshake,
        "blocking": blocking,
        "blocking100": blocking100,
        "blockers": blockers,
        "lines": lines,
    }
    if wl == "echo-streams":
        co = echo_streams(int(rest[0]))
    elif wl == "echo":
        co = echo_proto(int(rest[0]))
    elif wl == "http":
        co = http_client(int(rest[0]), int(rest[1]), rest[2])  # http <conc> <n> <aiohttp|httpx>
    elif wl.startswith("curve-") and (body := globals().get(wl.replace("-", "_"))):
        co = body(int(rest[0]))
    elif wl in fn:
        co = fn[wl]()
    else:
        print("unknown workload", file=sys.stderr)
        sys.exit(64)
    try:
        with asyncio.Runner(loop_factory=lf) as r:
            r.run(co)
    except KeyboardInterrupt:
        pass
