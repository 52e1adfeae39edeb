"""A client of aiohttp's: prints the status of the answer to each URL of its input, or 0 where there is none."""

import asyncio
import sys

import aiohttp


async def _ask(session: aiohttp.ClientSession, url: str) -> None:
    status = 0
    try:
        async with session.post(url, data=b"{}", allow_redirects=False) as response:
            status = response.status
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        pass  # no answer that it understands
    print(url, status)


async def _main(urls: list[str], timeout_s: float) -> None:
    connector = aiohttp.TCPConnector(limit=200, force_close=True)
    # A request waits for its turn, and that is not the receiver's time.
    timeout = aiohttp.ClientTimeout(sock_connect=timeout_s, sock_read=timeout_s)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(_ask(session, url) for url in urls))


if __name__ == "__main__":
    asyncio.run(_main(sys.stdin.read().split(), float(sys.argv[1])))
