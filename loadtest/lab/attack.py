"""A process full of slow clients: `python3 attack.py MODE PORT COUNT …`, started by loadtest/slow.

MODE header sends a request's head field by field, body a body byte by byte, and read takes an answer in
sips. Each connection does one small step every INTERVAL seconds, in its turn, so that the load is even.
One that the server ends is opened again when AGAIN is 1. SIGTERM ends it; what became of the connections
is then printed as one line of JSON.
"""

import collections
import json
import os
import resource
import select
import signal
import socket
import sys
import time

TICK_SECONDS = 0.05
CONNECTS_PER_TICK = 100  # 2,000 per second: an attack, and not a test of the backlog.
SMALL_BUFFER = 1024  # The kernel makes it 2,304 at least.
SIP_BYTES = 64
OPENING = {
    "header": b"GET / HTTP/1.1\r\nHost: slow\r\n",
    "body": b"POST / HTTP/1.1\r\nHost: slow\r\nContent-Length: 1000000\r\n\r\n",
    "read": b"GET / HTTP/1.1\r\nHost: slow\r\n\r\n",
}
STEP = {"header": b"X-A: b\r\n", "body": b"abcdefgh"}


class Slow:
    """One attacking connection."""

    def __init__(self, attack):
        self.mode = attack.mode
        self.first = b""
        self.socket = socket.socket()
        if self.mode == "read":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.bind((attack.source, 0))
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", attack.port))
        self.opened = False

    def step(self):
        """False when the connection has ended."""
        try:
            if not self.opened:
                self.socket.send(OPENING[self.mode])
                self.opened = True
            elif self.mode == "read":
                return self.take(SIP_BYTES)
            else:
                self.socket.send(STEP[self.mode])
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def take(self, count):
        try:
            piece = self.socket.recv(count)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.first = self.first or piece
        return bool(piece)

    def fate(self):
        """What the server said before it ended the connection."""
        words = self.first.split(b" ", 2)
        status = words[1].decode("latin-1") if self.first.startswith(b"HTTP/1.1 ") and len(words) > 2 else ""
        return status if status and status != "200" else "cut"


class Attack:
    def __init__(self, mode, port, count, interval, source, again):
        self.mode, self.port, self.count, self.source, self.again = mode, port, count, source, again
        # A wheel: each connection has its place, and one place is due at each tick.
        self.wheel = [[] for _ in range(max(1, round(interval / TICK_SECONDS)))]
        self.fates, self.made, self.running = collections.Counter(), 0, True
        self.poll, self.by_fd = select.epoll(), {}

    def open_more(self, due):
        """Into the place that is due: their first step comes with the next connections' opening."""
        for _ in range(CONNECTS_PER_TICK):
            if len(self.by_fd) >= self.count or (not self.again and self.made >= self.count):
                return
            try:
                slow = Slow(self)
            except OSError as error:
                self.fates[f"not opened: {os.strerror(error.errno)}"] += 1
                return
            self.made += 1
            self.by_fd[slow.socket.fileno()] = slow
            # Readers read only what they sip; what the server says to the others is taken at once.
            events = select.EPOLLHUP | select.EPOLLRDHUP if self.mode == "read" else select.EPOLLIN
            self.poll.register(slow.socket, events)
            due.append(slow)

    def tick(self, number):
        place = number % len(self.wheel)
        self.wheel[place] = [slow for slow in self.wheel[place] if slow.socket.fileno() >= 0 and self.live(slow)]
        self.open_more(self.wheel[place])

    def live(self, slow):
        if not slow.step():
            self.end(slow)
            return False
        return True

    def listen(self, seconds):
        until = time.monotonic() + seconds
        while self.running and (left := until - time.monotonic()) > 0:
            for fd, _ in self.poll.poll(left):
                slow = self.by_fd.get(fd)
                if slow and not slow.take(4096):
                    self.end(slow)

    def end(self, slow):
        self.fates[slow.fate()] += 1
        del self.by_fd[slow.socket.fileno()]
        slow.socket.close()

    def run(self):
        number, started = 0, time.monotonic()
        while self.running:
            self.tick(number)
            number += 1
            self.listen(started + number * TICK_SECONDS - time.monotonic())

    def report(self):
        opened = sum(slow.opened for slow in self.by_fd.values())
        return {"mode": self.mode, "made": self.made, "open": opened, "fates": dict(self.fates)}


def main():
    mode, port, count, interval, source, again = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attack = Attack(mode, int(port), int(count), float(interval), source, again == "1")

    def stop(*_):
        attack.running = False

    signal.signal(signal.SIGTERM, stop)
    attack.run()
    print(json.dumps(attack.report()), flush=True)


if __name__ == "__main__":
    main()
