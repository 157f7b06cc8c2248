"""Runs programs in turn, round after round."""
from __future__ import annotations

import contextlib
import os
import pathlib
import resource
import sys
from statistics import median

from .programs import PROGRAMS
from .running import Failure, Slices, measure_once

# Rounds of what takes long, at most.
FEW = {"sleep1m": 3}
# The part of the work by which a program that has not run yet is warmed up.
WARM_UP_PART = 0.05


TICKS = os.sysconf("SC_CLK_TCK")


def processor_time(server: int | None = None) -> tuple[float, float, float]:
    """Seconds of processor time that there were, that anyone used, and that we and our children used; `server` is one that runs still."""
    user, nice, system, idle, waiting, *rest = [
        int(word) / TICKS for word in pathlib.Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    used = user + nice + system + sum(rest)
    ours = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    mine = sum(one.ru_utime + one.ru_stime for one in ours)
    return used + idle + waiting, used, mine + (time_of(server) if server else 0)


def time_of(process: int) -> float:
    """Seconds of processor time of a process that runs, and of its children."""
    total = 0
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent, *numbers = (folder / "stat").read_text().rpartition(")")[2].split()[1:14]
            if int(folder.name) == process or int(parent) == process:
                total += int(numbers[9]) + int(numbers[10])
    return total / TICKS


def measure(workload: str, names: list[str], runs: int, seconds: float, missing: dict, part: float = 1) -> dict:
    """All the rounds of a workload. A program that fails once leaves it: a timeout repeated proves nothing more."""
    measured = {"workload": workload, "runs": {}, "failures": {}}
    before = processor_time()
    entered = [name for name in names if PROGRAMS[name].takes(workload)]
    for name in entered:
        measured["runs"][name] = []
        if name in missing:
            measured["failures"][name] = {"reason": "missing", "said": missing[name]}
    first = 1 if workload in FEW else 0  # round 0 warms up
    slices = Slices(workload) if Slices.take(workload) else None
    runs = runs * Slices.PER_ROUND if slices else min(runs, FEW.get(workload, runs))
    with slices.stack if slices else contextlib.nullcontext():
        for round_number in range(first, runs + 1):
            for name in entered:
                if name in measured["failures"]:
                    continue
                progress(f"{workload}: round {round_number} of {runs}, {name}")
                work = part if round_number else WARM_UP_PART
                try:
                    result = (slices.measure(name, work) if slices
                              else measure_once(PROGRAMS[name], workload, seconds, work))
                except (Failure, OSError) as failure:
                    measured["failures"][name] = {"reason": str(failure), "said": getattr(failure, "said", "")}
                else:
                    if round_number > 0:
                        measured["runs"][name].append(result)
    progress("")
    there, used, ours = (after - start for after, start in zip(processor_time(), before))
    measured["others"] = round(max(used - ours, 0) / max(there, 0.01), 2)
    return measured


def middle(runs: list[dict], key: str) -> float | None:
    values = [float(run["extra"][key]) for run in runs if key in run["extra"]]
    return median(values) if values else None


def summary(measured: dict, subject: str, name: str) -> dict:
    """The medians of one program in one workload, and the ratios of the subject to it."""
    if name in measured["failures"]:
        return {"reason": measured["failures"][name]["reason"]}
    runs, ours = measured["runs"][name], measured["runs"].get(subject, [])
    rates = sorted(run["rate"] for run in runs)
    result = {"rate": median(rates), "spread": [rates[0], rates[-1]]}
    keys = {"rss": "rss_mib", "p50": "p50_us", "p99": "p99_us", "kib_each": "kib_each", "p50_ratio": "p50_us_ratio",
            "p99_ratio": "p99_us_ratio"}
    result.update({short: value for short, key in keys.items() if (value := middle(runs, key)) is not None})
    if name != subject and subject not in measured["failures"]:
        result["ratios"] = sorted(mine["rate"] / theirs["rate"] for mine, theirs in zip(ours, runs))
    return result


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
