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


def read_table(text: str, name: str, rounds: int) -> dict:
    """The workloads of a Markdown table of another script, called after it and after what the first column says.

    Either there is a row for each program, with the columns …, program, per second, …, ours / it, min–max; or a column for each
    program with its rate, and one `ours / PROGRAM` with the ratio.
    """
    workloads: dict = {}
    head: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        if not head:
            head = cells
            continue
        row = dict(zip(head, cells))
        about = {"date": today(), "command": f"Benchmarks/compare-{name}", "rounds": rounds, "programs": {}}
        programs = workloads.setdefault(f"{name}-{row[head[0]].replace(' ', '')}", about)["programs"]
        if "ours / it" in head:
            rate = number(row[head[2]])
            one = {"rate": rate} if rate is not None else {"reason": row[head[2]]}
            found = [number(word) for word in [row["ours / it"], *row["min–max"].split("–")]]
            if None not in found:
                one["ratios"] = sorted(found)
            programs[row[head[1]]] = one
        else:
            for program in [column for column in head[1:] if not column.startswith("ours / ")]:
                if (rate := number(row[program])) is not None:
                    ratio = number(row.get(f"ours / {program}", ""))
                    programs[program] = {"rate": rate} | ({"ratios": [ratio]} if ratio is not None else {})
    return workloads


def number(text: str) -> float | None:
    """A number as tables have it: 12,345 or 1.2 M."""
    digits, _, unit = text.replace(",", "").removesuffix("/s").partition(" ")
    try:
        return float(digits) * {"": 1, "k": 1e3, "M": 1e6}.get(unit, 1)
    except ValueError:
        return None
