"""Runs one program once, and returns what it says of itself."""
from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from .programs import BUILT, ECHOES, PROGRAMS, THREADS, Program

NOT_YET = 64  # EX_USAGE: how every program answers a workload it does not know
IDLE = 10_000  # how many connections of `idle` do nothing
WARM_UP, MEASURED = 0.3, 1.5  # seconds of an echo load
SERVER_CORE, *_, LOAD_CORE = sorted(os.sched_getaffinity(0)) * 2


class Failure(Exception):
    """A run that gave no result, with the last lines of what the program said."""

    def __init__(self, reason: str, said: str = ""):
        super().__init__(reason)
        self.said = said


def measure_once(program: Program, workload: str, seconds: float, part: float) -> dict:
    """One run of a workload, of which `part` is done; it may take so many seconds."""
    if workload in ECHOES:
        return run_echo(program, workload, *ECHOES[workload], part=part)
    return run(program.words(workload), program.settings(workload, part), seconds)


@contextlib.contextmanager
def started(command: list, environment: dict, stdout=subprocess.DEVNULL):
    """Starts a program and kills it by its pid on every way out. Yields it and a function for its last words."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        child = subprocess.Popen(
            [str(word) for word in command], env={**os.environ, **environment}, text=True,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors)

        def last_words() -> str:
            errors.seek(0)
            return "\n".join(errors.read().splitlines()[-5:])

        try:
            yield child, last_words
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()


def died(status: int) -> str:
    if status == NOT_YET:
        return "not yet"
    return f"crashed: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def run(command: list, environment: dict, seconds: float) -> dict:
    """Runs a program to its end and returns what its line `workload N seconds rate [k=v …]` says."""
    with started(command, environment, subprocess.PIPE) as (child, last_words):
        try:
            output, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"timeout after {seconds:g} s", last_words()) from None
        if child.returncode != 0:
            raise Failure(died(child.returncode), last_words())
        try:
            _, count, duration, rate, *extra = output.split()
            result = {"count": int(count), "seconds": float(duration), "rate": float(rate)}
            result["extra"] = dict(word.split("=", 1) for word in extra)
        except ValueError:
            raise Failure(f"unreadable result: {output!r}", last_words()) from None
        if result["rate"] <= 0:  # a server that accepts and never answers
            raise Failure("no work was done", last_words())
        return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listening(server: subprocess.Popen, port: int, last_words) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Failure(died(server.returncode), last_words())
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise Failure("did not listen within 10 s", last_words())


class EchoServer:
    """An echo server of a program on one core; the load generator is on another, so that the server is what is measured.

    Where the server may use every core, it is not pinned; then it shares one with the load.
    """

    def __init__(self, program: Program, workload: str, connections: int, size: int, stack: contextlib.ExitStack):
        self.workload, self.connections, self.size, self.port = workload, connections, size, free_port()
        pin = [] if workload in THREADS else ["taskset", "-c", SERVER_CORE]
        command = program.threads if workload in THREADS else program.command
        self.process, self.last_words = stack.enter_context(
            started([*pin, *command, *program.echo, self.port], program.environment))
        await_listening(self.process, self.port, self.last_words)

    def measure(self, warm_up: float, measured: float) -> dict:
        """What the load generator says after so many seconds."""
        result = self.load(warm_up, measured)
        if self.workload == "idle":
            alone, before = result["extra"], peak_kib(self.process)
            result = self.load(warm_up, measured, IDLE)
            extra = result["extra"]
            extra["kib_each"] = str((peak_kib(self.process) - before) / IDLE)
            extra.update({f"{key}_ratio": str(float(extra[key]) / float(alone[key])) for key in ("p50_us", "p99_us")})
        result["extra"]["rss_mib"] = str(peak_kib(self.process) // 1024)
        return result

    def load(self, warm_up: float, measured: float, idle: int = 0) -> dict:
        command = [
            BUILT / "bin/echoload", self.port, self.connections, self.size, warm_up, measured, self.workload, idle]
        try:
            seconds = 10 + warm_up + measured + (idle + self.connections) / 500
            return run(["taskset", "-c", LOAD_CORE, *command], {}, seconds)
        except Failure as failure:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)  # a server that crashes is not gone yet when its connections are
            reason = str(failure) if self.process.poll() is None else f"server: {died(self.process.returncode)}"
            raise Failure(reason, "\n".join(filter(None, [failure.said, self.last_words()]))) from None


class Slices:
    """Echo servers that stay, each measured for a moment in turn: what disturbs the machine for a second disturbs all alike."""

    PER_ROUND = 4
    WARM_UP = 0.05

    def __init__(self, workload: str):
        self.workload, self.servers, self.stack = workload, {}, contextlib.ExitStack()

    @staticmethod
    def take(workload: str) -> bool:
        return workload in ECHOES and workload not in THREADS and workload != "idle"

    def measure(self, name: str, part: float) -> dict:
        if name not in self.servers:
            self.servers[name] = EchoServer(PROGRAMS[name], self.workload, *ECHOES[self.workload], self.stack)
        return self.servers[name].measure(self.WARM_UP, MEASURED * max(part, 0.2) / self.PER_ROUND)


def run_echo(program: Program, workload: str, connections: int, size: int, part: float) -> dict:
    """One run of a server of its own."""
    with contextlib.ExitStack() as stack:
        server = EchoServer(program, workload, connections, size, stack)
        return server.measure(WARM_UP * max(part, 0.5), MEASURED * max(part, 0.2))


def peak_kib(process: subprocess.Popen) -> int:
    """The most memory that a process has had, in KiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
