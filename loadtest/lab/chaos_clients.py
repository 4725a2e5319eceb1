"""Clients that know of each request what became of it: nothing they sent may end without a name."""

import asyncio
import collections

from lab.chaos_ledger import Ledger
from lab.check import LETTERS

ANSWER_SECONDS_MAX = 15
ABORT_SHARE, ABORT_SECONDS_MAX = 0.02, 0.006
POST_SHARE = 0.2
PATTERN = LETTERS * 2000
REASON = "x-ringway-reason"


class Tally:
    """The ledger of a run, and how many requests that began in each second had which fate.
    Fates are `right`, `aborted` by us, or what was wrong, as "GET cut"."""

    def __init__(self, first=1):
        self.ledger = Ledger(first)
        self.per_second = collections.Counter()
        self.memory = []  # (second, bytes) of the proxy.
        self.outside = []  # Of that, bytes outside of its slabs: at a third of the run, and at the end.

    def end(self, number, fate, second):
        self.ledger.ended(number, fate)
        self.per_second[second, fate] += 1


class Client:
    """One client with one connection at a time, asking and pausing."""

    def __init__(self, port, sizes, dice):
        self.port, self.sizes, self.dice = port, sizes, dice
        self.reader = self.writer = None

    async def run(self, tally, pause, now, until):
        while (begun := now()) < until:
            method = "POST" if self.dice.random() < POST_SHARE else "GET"
            number = tally.ledger.begin()
            fate = await self.ask(self.request(method, number), lambda: tally.ledger.wrote(number))
            tally.end(number, fate if fate in ("right", "aborted") else f"{method} {fate}", int(begun))
            await asyncio.sleep(self.dice.expovariate(1 / pause))
        self.drop()

    def drop(self):
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def ask(self, request, on_written):
        leaves = self.dice.random() < ABORT_SHARE
        patience = self.dice.uniform(0, ABORT_SECONDS_MAX) if leaves else ANSWER_SECONDS_MAX
        try:
            return await asyncio.wait_for(self.exchange(request, on_written), patience)
        except asyncio.TimeoutError:
            self.drop()
            return "aborted" if leaves else "unanswered"
        except asyncio.IncompleteReadError as cut:
            self.drop()
            return "cut" if self.is_answering else f"lost behind {len(cut.partial)} bytes"
        except OSError as error:
            self.drop()
            return "cut" if self.is_answering else f"lost: {error.strerror}"

    def request(self, method, number):
        """Its number stands in the target, for the access log, and for the origin in the header that it knows."""
        lines = [f"{method} /?n={number} HTTP/1.1", "Host: chaos"]
        body = b""
        if method == "POST":
            body = PATTERN[: self.dice.randrange(1, 3000)]
            lines += [f"X-Request-Number: {number}", f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    async def exchange(self, request, on_written):
        self.is_answering = False
        if self.writer is None or self.reader.at_eof():
            self.drop()
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(request)
        on_written()
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        self.is_answering = True
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        body = await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            self.drop()
        return self.judge(int(lines[0].split(" ")[1]), fields, body)

    def judge(self, status, fields, body):
        if REASON in fields:
            return fields[REASON]
        if status != 200:
            return f"status {status}"
        size = self.sizes[int(fields["x-backend"])]
        if body != PATTERN[: len(body)]:
            return "wrong bytes"
        return "right" if len(body) == size else "understated"
