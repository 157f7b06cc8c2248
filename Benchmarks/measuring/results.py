"""How results are kept: one JSON for everything, which tables and pictures are made from.

    {"machine": {…}, "versions": {program: text}, "missing": {program: reason},
     "workloads": {name: {"date": …, "command": …, "rounds": n, "others": share of the machine that others used,
                          "programs": {name: {"rate": median, "spread": [least, most], "ratios": [ours / it, …] …}}}}}

Each workload says when and by which command it was measured, since one can be measured again by itself.
"""
from __future__ import annotations

import json
import os
import pathlib
import platform
import sys
import time

from .programs import HERE
from .rounds import summary

LATEST = HERE / "Results/latest.json"
CURVES = HERE / "Results/curves.json"


def machine() -> dict:
    """What rates depend on besides the programs; nothing that says whose machine it is."""
    model = next(
        (line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine())
    memory = int(pathlib.Path("/proc/meminfo").read_text().split(maxsplit=2)[1])
    release = ".".join(platform.release().split(".")[:2])
    pretty = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return {"processor": model, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory / 2**20),
            "system": f"{pretty}, Linux {release}, {' '.join(platform.libc_ver())}"}


def today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def command() -> str:
    """How this script was called, without what only says where results go."""
    words, rest = [], iter(sys.argv[1:])
    for word in rest:
        if word in ("--json", "--markdown"):
            next(rest, None)
        elif word != "--no-build":
            words.append(word)
    return " ".join([f"Benchmarks/{pathlib.Path(sys.argv[0]).name}", *words])


def compact(number: float) -> float:
    """Four digits: more are noise."""
    return float(f"{number:.4g}")


def rounded(value):
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return compact(value) if isinstance(value, float) else value


def record(measured: dict, subject: str) -> dict:
    """A workload as `measure` gives it, in the form that is kept."""
    programs = {}
    for name in measured["runs"]:
        one = {key: rounded(value) for key, value in summary(measured, subject, name).items()}
        programs[name] = one
    rounds = max((len(runs) for runs in measured["runs"].values()), default=0)
    return {"date": today(), "command": command(), "rounds": rounds, "others": measured["others"], "programs": programs}


def load(path: pathlib.Path) -> dict:
    return json.loads(path.read_text()) if path.exists() else {"machine": {}, "versions": {}, "missing": {}, "workloads": {}}


def save(path: pathlib.Path, results: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def table(rows: list[list[str]]) -> str:
    """Rows under a head, in Markdown that is also aligned for the terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def short(rate: float) -> str:
    """A rate with three digits: 1.23 M, 45.6 k, 789."""
    size, unit = (1e6, " M") if rate >= 999_500 else (1e3, " k") if rate >= 999.5 else (1, "")
    return f"{rate / size:.3g}{unit}"


def merge(results: dict, part: dict) -> None:
    """Takes what was measured anew into all results."""
    results["machine"] = part["machine"] or results["machine"]
    results["versions"].update(part["versions"])
    results["missing"] = {name: reason for name, reason in results["missing"].items() if name not in part["versions"]}
    results["missing"].update(part["missing"])
    results["workloads"].update(part["workloads"])
