"""The programs that can be measured: ours and the peers', and which workloads each takes."""
from __future__ import annotations

import dataclasses
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent
PEERS = HERE / "peers"
BUILT = PEERS / ".build-peers"
OURS = HERE / ".build/release/asynciobench"

# What `compare` measures if it is not told otherwise, and what it knows besides.
WORKLOADS = ["spawn", "gather", "yield", "pingpong", "timers", "timeout", "sleep1m", "echo", "queue", "semaphore",
             "lock", "lockcontended", "event", "race", "ascompleted", "generator"]
LATER = ["continuations", "generator-foreach", "blocking", "blocking100", "blockers", "files", "filesblocking", "tls",
         "tlshandshake", "lines"]

# The loads of an echo server: how many connections, each in a closed loop of messages of how many bytes.
ECHOES = {
    "echo1": (1, 1024), "echo": (50, 1024), "echo500": (500, 1024),
    "echo1-100k": (1, 102_400), "echo-100k": (50, 102_400), "echo500-100k": (500, 102_400), "idle": (100, 1024),
    "echo-threads": (50, 1024),
}
LATER += [name for name in ECHOES if name != "echo"]

# The same work with a thread for each core: ours with as many loops, the others as they do by themselves.
THREADS = {"spawn-threads": "spawn", "yield-threads": "yield", "pingpong-threads": "pingpong", "echo-threads": "echo"}
LATER += [name for name in THREADS if name not in LATER]

# What others do is the same whether ours makes tasks for it or gathers operations, whether it uses queues for two
# messages or cells of its own, and whether it asks for the values of a generator or is called with them.
SAME = {"gather": "spawn", "continuations": "pingpong", "generator-foreach": "generator"}

# Workloads of one size only.
WHOLE = {"sleep1m", "blockers", "filesblocking", "tls", "tlshandshake"}


@dataclasses.dataclass(frozen=True)
class Program:
    """A program that can be measured."""

    part: str  # what peers/build calls it; "ours" for our own
    command: list  # the workload's name is appended
    echo: list | None = None  # what follows the command to start an echo server, before the port
    environment: dict = dataclasses.field(default_factory=dict)
    echo_only: bool = False
    threads: list | None = None  # the command where it may use a thread for each core
    share: float = 1  # how much of the work it does: a slow one need not do as much to be measured

    def takes(self, workload: str) -> bool:
        if workload in THREADS and self.threads is None:
            return False
        return self.echo is not None if workload in ECHOES else not self.echo_only

    def words(self, workload: str) -> list:
        """The command that does a workload other than an echo."""
        command = self.threads if workload in THREADS else self.command
        workload = THREADS.get(workload, workload)
        return [*command, workload if self.part == "ours" else SAME.get(workload, workload)]

    def settings(self, workload: str, part: float) -> dict:
        """The environment to run in, besides ours."""
        share = 1 if workload in WHOLE else self.share * part
        return {**self.environment, "BENCHMARK_PART": f"{share:g}"}


def python(loop: str, echo: str = "echo", echo_only: bool = False) -> Program:
    command = [BUILT / "venv/bin/python", PEERS / "python/bench.py", loop]
    return Program("python", command, [echo], echo_only=echo_only, share=0.25)


GO, TOKIO, STOCK = BUILT / "bin/gobench", BUILT / "bin/tokiobench", BUILT / "bin/swiftbench"
CORES = str(len(os.sched_getaffinity(0)))
PROGRAMS = {
    "ours": Program("ours", [OURS], ["echo"], threads=[OURS, "--threads", CORES]),
    "asyncio": python("asyncio"),
    "asyncio-streams": python("asyncio", "echo-streams", echo_only=True),
    "uvloop": python("uvloop"),
    "uvloop-streams": python("uvloop", "echo-streams", echo_only=True),
    "rloop": python("rloop"),
    "tokio": Program("tokio", [TOKIO, "ct"], ["echo"]),
    "tokio-mt": Program("tokio", [TOKIO, "mt"], ["echo"], threads=[TOKIO, "mt"]),
    "go": Program("go", [GO], ["echo"], threads=[GO]),  # as a server it is pinned to a core, and Go takes one thread for that
    "go-1": Program("go", [GO], environment={"GOMAXPROCS": "1"}),
    "stock": Program("swift", [STOCK], ["echo"], share=0.25),
    "c": Program("load", [BUILT / "bin/echoserver"], [], echo_only=True),
}
DEFAULT_PEERS = "asyncio,uvloop,tokio,go,stock,c"
