#!/usr/bin/env python3
"""Bodies far larger than memory, to whoever reads slowly: they pass whole, and what ringway holds of them is bounded.

256 MB each way in the short run, 10 GB with RINGWAY_LONG. The reader stops again and again until the sender cannot go on;
then the sender is no further ahead than the kernel's buffers allow, and ringway's resident memory has not grown."""

import threading
import unittest
import zlib
from pathlib import Path

from world import LONG, Backend, Scenario, eventually, read_head, read_message

BODY_BYTES = 10 * 10**9 if LONG else 256 * 10**6
STOPS = 40 if LONG else 8
PIECE = 262_144
# A window of 128 KiB and a large receive buffer for each direction (http/README.md, Flow; both at once is four).
GROWTH_BYTES_MAX = 1_000_000
BLOCK = b"".join(zlib.crc32(b"%d" % i).to_bytes(4) for i in range(PIECE // 4 + 1))[: PIECE - 13]
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def kernel_bytes_max():
    """What the kernel may hold between the two ends, both connections together."""
    limits = [Path(f"/proc/sys/net/ipv4/{name}").read_text().split()[2] for name in ("tcp_rmem", "tcp_wmem")]
    return 2 * sum(int(limit) for limit in limits)


class Body:
    """As it leaves and as it arrives: how much of it, and its checksum."""

    def __init__(self, total, chunked):
        self.total, self.chunked = total, chunked
        self.sent = self.arrived = self.sent_sum = self.arrived_sum = 0

    def framing(self):
        return b"Transfer-Encoding: chunked\r\n" if self.chunked else b"Content-Length: %d\r\n" % self.total

    def send(self, connection):
        while self.sent < self.total:
            piece = BLOCK[: self.total - self.sent]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece)
            self.sent_sum = zlib.crc32(piece, self.sent_sum)
            self.sent += len(piece)
        if self.chunked:
            connection.sendall(b"0\r\n\r\n")

    def take(self, part):
        self.arrived_sum = zlib.crc32(part, self.arrived_sum)
        self.arrived += len(part)

    def receive(self, connection, before, on_part):
        """Until it is whole; calls on_part when some of it has come."""
        reader = Chunks(connection, before) if self.chunked else Plain(connection, before, self.total)
        for part in reader:
            self.take(part)
            on_part()


class Plain:
    def __init__(self, connection, before, total):
        self.connection, self.before, self.left = connection, before, total

    def __iter__(self):
        while self.left > 0:
            part = self.before or self.connection.recv(PIECE)
            self.before = b""
            if not part:
                return
            self.left -= len(part)
            yield part


class Chunks:
    def __init__(self, connection, before):
        self.connection, self.data = connection, before

    def line(self):
        while b"\r\n" not in self.data:
            self.data += self.connection.recv(PIECE)
        line, _, self.data = self.data.partition(b"\r\n")
        return line

    def __iter__(self):
        while left := int(self.line(), 16):
            while left > 0:
                self.data = self.data or self.connection.recv(PIECE)
                if not self.data:
                    return
                part, self.data = self.data[:left], self.data[left:]
                left -= len(part)
                yield part
            self.line()
        self.line()


class Slow(Scenario):
    def setUp(self):
        self.upload = self.download = Body(0, False)
        self.stops = []  # When the reader stopped: how far the sender was ahead, what ringway held.
        self.start([Backend(self.serve)], shards=1)
        self.touch_receive_rings()

    def touch_receive_rings(self):
        """The buffers of a shard's two rings are used in turn, 256 of 17 KB each, whoever receives: they are not what a
        connection holds, and take a while to have been used all."""
        with self.ringway.client() as connection:
            for _ in range(600):
                connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n" + BLOCK[:16000])
                self.assertEqual(len(read_message(connection)[1]), len(b"/echo ") + 16000)

    def serve(self, connection):
        rest = b""
        while found := read_head(connection, rest):
            head, rest = found
            if head.startswith(b"POST /echo "):
                head, body, rest = read_message(connection, head + rest)
                connection.sendall(Backend.answer_to(head, body))
                continue
            if head.startswith(b"POST"):
                self.upload.receive(connection, rest, self.reader_of(self.upload))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + self.download.framing() + b"\r\n")
                self.download.send(connection)
            rest = b""

    def resident_bytes(self):
        status = Path(f"/proc/{self.ringway.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def reader_of(self, body):
        """Stops now and then until the sender of the body can do no more, and looks."""
        step = body.total // STOPS
        next_stop = [step // 2]

        def on_part():
            if body.arrived >= next_stop[0]:
                next_stop[0] += step
                self.wait_until_stuck(body)
                self.stops.append((body.sent - body.arrived, self.resident_bytes()))

        return on_part

    @staticmethod
    def wait_until_stuck(body):
        looks = []

        def is_stuck():
            looks.append(body.sent)
            return len(looks) > 8 and len(set(looks[-8:])) == 1  # For 70 ms.

        eventually(is_stuck, "the sender waits for the reader")

    def get(self, connection):
        connection.sendall(GET)
        head, rest = read_head(connection)
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
        self.download.receive(connection, rest, self.reader_of(self.download))

    def post(self, connection):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + self.upload.framing() + b"\r\n")
        self.upload.send(connection)
        self.assertTrue(read_message(connection)[0].startswith(b"HTTP/1.1 200 "))

    def check(self, chunked, upload, download):
        self.upload, self.download = Body(32 * 10**6, chunked), Body(32 * 10**6, chunked)
        self.run_both(upload, download)  # From here on its buffers have been touched.
        before, self.stops = self.resident_bytes(), []
        self.upload, self.download = Body(BODY_BYTES, chunked), Body(BODY_BYTES, chunked)
        self.run_both(upload, download)
        bodies = [self.upload] * upload + [self.download] * download
        for body in bodies:
            self.assertEqual((body.arrived, body.arrived_sum), (BODY_BYTES, body.sent_sum))
        self.assertEqual(len(self.stops), STOPS * len(bodies))
        ahead, held = max(stop[0] for stop in self.stops), max(stop[1] for stop in self.stops)
        print(f"{self.id().split('.')[-1]}: {BODY_BYTES:,} bytes, stopped {len(self.stops)} times; the sender was "
              f"{ahead:,} ahead at most, resident memory grew by {held - before:,}", flush=True)
        self.assertLessEqual(held - before, GROWTH_BYTES_MAX)
        self.assertLessEqual(ahead, kernel_bytes_max() + GROWTH_BYTES_MAX)
        self.assertGreater(ahead, PIECE, "the reader was never slow")
        self.assert_orderly_end()

    def run_both(self, upload, download):
        asked = [self.post] * upload + [self.get] * download
        threads = [threading.Thread(target=ask, args=(self.ringway.client(),)) for ask in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_a_client_that_reads_slowly_with_a_length(self):
        self.check(chunked=False, upload=0, download=1)

    def test_a_client_that_reads_slowly_in_chunks(self):
        self.check(chunked=True, upload=0, download=1)

    def test_a_backend_that_reads_slowly_with_a_length(self):
        self.check(chunked=False, upload=1, download=0)

    def test_a_backend_that_reads_slowly_in_chunks(self):
        self.check(chunked=True, upload=1, download=0)

    def test_both_at_once(self):
        self.check(chunked=False, upload=1, download=1)


if __name__ == "__main__":
    unittest.main()
