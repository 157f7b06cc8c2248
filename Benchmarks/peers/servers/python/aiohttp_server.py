"""A server that says hello, with aiohttp on uvloop.  usage: aiohttp_server.py PORT"""
import sys

import uvloop
from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="Hello, world!")


async def user(request: web.Request) -> web.Response:
    return web.Response(text=f"User {request.match_info['id']}")


async def make() -> web.Application:
    application = web.Application()
    application.router.add_get("/hello", hello)
    application.router.add_get("/users/{id}", user)
    return application


uvloop.install()
web.run_app(make(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
