"""A keep-alive HTTP/1.1 client that tells exactly what became of each request. For a few hundred
connections whose timing matters, not for load: wrk is for that."""

import asyncio
import time

ANSWER_SECONDS_MAX = 20


class Lost(Exception):
    """There was no whole answer."""


class Connection:
    """One connection, opened when it is first needed and again when the proxy ended it while idle:
    it may do that, and a client must expect it between two requests."""

    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def ask(self, method="GET", body=b"", headers=()):
        """The status. Raises Lost when the connection ends before the answer is whole."""
        if self.writer is None or self.reader.at_eof():
            self.close()
            await self.open()
        lines = [f"{method} / HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        try:
            return await asyncio.wait_for(self.read_answer(), ANSWER_SECONDS_MAX)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            self.close()
            raise Lost(repr(error)) from None

    async def read_answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if "content-length" in fields:
            await self.reader.readexactly(int(fields["content-length"]))
        elif fields.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                await self.reader.readexactly(size + 2)
            await self.reader.readuntil(b"\r\n")
        else:
            await self.reader.read()
            self.close()
        if fields.get("connection") == "close":
            self.close()
        return status


class Tally:
    """What became of the requests of one proxy."""

    def __init__(self):
        self.sent = self.failed = self.posts = 0
        self.why = {}

    async def ask(self, connection, number=None):
        """A POST when it has a number, a GET otherwise."""
        self.sent += 1
        try:
            if number is None:
                status = await connection.ask()
            else:
                self.posts += 1
                status = await connection.ask("POST", b"once", [f"X-Request-Number: {number}"])
        except (Lost, OSError) as error:
            return self.fail(str(error))
        if status != 200:
            self.fail(str(status))

    def fail(self, why):
        self.failed += 1
        self.why[why] = self.why.get(why, 0) + 1


async def sleep_until(instant):
    await asyncio.sleep(max(0.0, instant - time.monotonic()))
