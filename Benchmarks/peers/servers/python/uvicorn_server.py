"""A server that says hello, with uvicorn on uvloop and httptools.  usage: uvicorn_server.py PORT"""
import sys

import uvicorn

HEADERS = [(b"content-type", b"text/plain; charset=utf-8")]


async def application(scope, receive, send):
    path = scope["path"]
    body = b"Hello, world!" if path == "/hello" else b"User " + path.removeprefix("/users/").encode()
    headers = [*HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


uvicorn.run(
    application, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off",
    access_log=False, log_level="error")
