"""One picture for all workloads: how many times as fast ours is, a row for each, a mark for each peer."""
from __future__ import annotations

import math
from statistics import median

from .svg import LOOKS, Picture

WIDTH, LEFT, RIGHT, ROW, TOP = 960, 322, 30, 25, 112
LEAST, MOST = 0.05, 200
PEERS = ["asyncio", "uvloop", "go", "tokio", "stock", "c"]
# Programs that do the work of a peer under a name of their own.
AS = {"tokio-mt": "tokio", "reqwest": "tokio", "asynchttpclient": "stock", "aiohttp": "uvloop", "asyncpg": "asyncio"}
NAMES = {"stock": "stock Swift, SwiftNIO", "tokio": "tokio", "uvloop": "uvloop", "c": "C on epoll"}

# The rows: a group, then (workload, what it is).
ROWS = [
    "Tasks",
    ("gather", "a million trivial operations gathered"),
    ("spawn", "a million tasks spawned and joined"),
    ("yield", "giving way to others"),
    ("ascompleted", "results as they come"),
    ("race", "a race, its loser cancelled and awaited"),
    "Coordination",
    ("pingpong", "a message between two tasks"),
    ("queue", "one producer, three consumers"),
    ("lock", "a lock that is free"),
    ("lockcontended", "a lock that a hundred want"),
    ("semaphore", "a semaphore that a thousand want"),
    ("event", "an event that wakes a thousand"),
    ("generator", "values of a generator"),
    "Time",
    ("timers", "a timer set and cancelled"),
    ("timeout", "a timeout around what is ready"),
    ("sleep1m", "a million sleepers of 1 to 5 s"),
    "Threads",
    ("blocking", "blocking calls, one after another"),
    ("blocking100", "blocking calls, a hundred at a time"),
    ("files", "small files, a hundred at a time"),
    ("spawn-threads", "tasks, with a thread for each core"),
    ("pingpong-threads", "messages, with a thread for each core"),
    "Network",
    ("echo", "TCP echo, 1 KiB, 50 connections"),
    ("echo500", "TCP echo, 1 KiB, 500 connections"),
    ("echo-100k", "TCP echo, 100 KiB, 50 connections"),
    ("echo-threads", "TCP echo, 1 KiB, a thread for each core"),
    ("lines", "lines of 64 bytes"),
    ("tls", "TLS echo, 16 KiB, 16 connections"),
    "HTTP client",
    ("http-10", "requests to nginx, 10 at a time"),
    ("http-100", "requests to nginx, 100 at a time"),
    ("http-1000", "requests to nginx, 1,000 at a time"),
    ("https-100", "requests over TLS, 100 at a time"),
]


def rows(workloads: dict) -> list:
    """Those that were measured, without the groups that nothing is left of."""
    kept: list = []
    for row in ROWS:
        if isinstance(row, str):
            if kept and isinstance(kept[-1], str):
                kept.pop()
            kept.append(row)
        elif row[0] in workloads and any("ratios" in one for one in workloads[row[0]]["programs"].values()):
            kept.append(row)
    return kept[:-1] if kept and isinstance(kept[-1], str) else kept


def draw(found: dict) -> str:
    workloads = found["workloads"]
    shown = rows(workloads)
    height = TOP + ROW * len(shown) + 62
    picture = Picture(
        WIDTH, height, "How many times as fast AsyncIO is", describe(workloads, shown), PEERS)
    bottom = TOP + ROW * len(shown) + 6
    picture.text(24, 36, "How many times as fast as the others", "title")
    picture.text(24, 58, "Rate of AsyncIO divided by theirs, on one machine, in turn. Right of 1, AsyncIO is faster.", "quiet")
    picture.legend(30, 86, NAMES)
    picture.box(LEFT, TOP - 8, WIDTH - LEFT - RIGHT, bottom - TOP + 8, "panel")
    picture.box(place(1), TOP - 8, WIDTH - RIGHT - place(1), bottom - TOP + 8, "better")
    for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200):
        names = "one" if tick == 1 else "grid" if tick in (0.1, 10, 100) else "fine"
        picture.line(place(tick), TOP - 8, place(tick), bottom, names)
        picture.text(place(tick), bottom + 18, f"{tick:g}×" if tick != 1 else "1", "middle quiet")
    picture.text(place(1) - 10, bottom + 40, "← the other is faster", "end quiet")
    picture.text(place(1) + 10, bottom + 40, "AsyncIO is faster →", "quiet")
    for index, row in enumerate(shown):
        y = TOP + ROW * index + ROW / 2
        if isinstance(row, str):
            picture.text(24, y + 7, row.upper(), "group")
            continue
        picture.text(36, y + 4.5, row[1])
        picture.line(LEFT, y, WIDTH - RIGHT, y, "fine")
        marks(picture, y, workloads[row[0]]["programs"])
    return str(picture)


def marks(picture: Picture, y: float, programs: dict) -> None:
    """Whiskers from the least to the greatest ratio, and on them a mark at the median."""
    known = [(AS.get(name, name), name, one["ratios"]) for name, one in programs.items()
             if "ratios" in one and AS.get(name, name) in PEERS and (name not in AS or AS[name] not in programs)]
    for look, _, ratios in known:
        picture.line(place(ratios[0]), y, place(ratios[-1]), y, f"whisker l-{look}")
    for look, name, ratios in sorted(known, key=lambda one: PEERS.index(one[0])):
        picture.mark(place(median(ratios)), y, look, f"{LOOKS.get(name, (name,))[0]}: {median(ratios):.3g}×")


def place(ratio: float) -> float:
    """Where a ratio stands; those beyond the axis stand at its end."""
    ratio = min(max(ratio, LEAST), MOST)
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(ratio / LEAST) / math.log(MOST / LEAST)


def describe(workloads: dict, shown: list) -> str:
    """The picture in words, for whom it cannot be seen."""
    lines = []
    for row in shown:
        if not isinstance(row, str):
            ratios = [f"{name} {median(one['ratios']):.3g}" for name, one in workloads[row[0]]["programs"].items()
                      if "ratios" in one]
            lines.append(f"{row[1]}: {', '.join(ratios)}")
    return "Ratios of AsyncIO's rate to the others'. " + "; ".join(lines) + "."
