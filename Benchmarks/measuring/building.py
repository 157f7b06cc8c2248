"""Builds our program and the peers'."""
from __future__ import annotations

import subprocess
import sys

from .programs import BUILT, HERE, PEERS, PROGRAMS


def build_swift(product: str | None = None) -> str | None:
    """Builds one program of the package, or all of them, ours and the peers' in Swift; returns the reason if that fails."""
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--package-path", HERE]
    try:
        done = subprocess.run(
            command + (["--product", product] if product else []),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        return "no swift"
    return None if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-15:])


def build(names: list[str], already: bool = False) -> tuple[dict, dict]:
    """Builds what the programs need. Returns the reason for each that is missing, and what each was built with.

    With `already` it takes what was built before.
    """
    parts = {PROGRAMS[name].part for name in names}
    reasons, versions = {}, {}
    peers = sorted((parts | {"load"}) - {"ours"})  # echo needs the load generator in any case
    if already:
        reasons = {} if PROGRAMS["ours"].command[0].exists() else {"ours": "not built"}
    else:
        print("Building …", file=sys.stderr)
        if "ours" in parts and (reason := build_swift("asynciobench")):
            reasons["ours"] = reason
        subprocess.run([PEERS / "build", *peers], check=True, stdout=sys.stderr)
    for part in peers:
        state, _, text = status(part).partition(" ")
        (versions if state == "ok" else reasons)[part] = text
    return {name: reasons[PROGRAMS[name].part] for name in names if PROGRAMS[name].part in reasons}, versions


def status(part: str) -> str:
    """What peers/build has said of a part: "ok VERSIONS" or "missing REASON"."""
    try:
        return (BUILT / "status" / part).read_text().strip()
    except FileNotFoundError:
        return "missing not built: Benchmarks/peers/build"
