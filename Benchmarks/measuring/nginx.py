"""The HTTP server that clients are measured against."""
from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from .programs import HERE

PORT = 18080


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def serving():
    """Runs nginx with the configuration in peers/nginx while the body runs; yields its number."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        sys.exit("nginx is missing: peers/build --http nginx")
    if listening(PORT):
        sys.exit(f"something listens on port {PORT} already")
    with tempfile.TemporaryDirectory() as folder:
        configuration = (HERE / "peers/nginx/nginx.conf").read_text().replace(
            "CERTIFICATES", str(HERE.parent / "Tests/AsyncIOTLSTests/Certificates"))
        path = pathlib.Path(folder) / "nginx.conf"
        path.write_text(configuration)
        server = subprocess.Popen([nginx, "-p", folder, "-c", str(path), "-g", "daemon off;"])
        try:
            for _ in range(100):
                if listening(PORT):
                    break
                time.sleep(0.05)
            yield server.pid
        finally:
            server.terminate()
            server.wait()
