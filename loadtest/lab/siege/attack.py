"""A process full of slow clients: `python3 attack.py MODE PORT COUNT …`, started by lab/siege.py.

MODE header sends a request's head field by field, body a body byte by byte, and read takes an answer in
sips. Each connection does one small step every INTERVAL seconds, at a phase of its own that is drawn at
random: who is attacked sees clients that know nothing of each other, on machines of their own. One that the
server ends is opened again when AGAIN is 1, at its next step.

It waits, with no connection, for words on its standard input: `begin` opens connections, at random within START
seconds, and each takes its first step an INTERVAL later; `end` ends all; `count` prints, as one line of JSON, how many are at work, how many steps they have taken and
what became of the others. It ends with its input.
"""

import collections
import errno
import heapq
import json
import os
import random
import resource
import select
import socket
import sys
import time

NAP_SECONDS = 0.005  # Between looks at the input.
SMALL_BUFFER = 1024  # The kernel makes it 2,304 at least.
SEGMENT_BYTES = 1460  # As over Ethernet: by loopback's 64 KiB the server's kernel would hold any answer whole.
SIP_BYTES = 64
IP_BIND_ADDRESS_NO_PORT = 24  # The port is chosen when connecting; those of connections just ended serve again.
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
        self.opened = False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        if self.mode == "read":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((attack.source, 0))
        failure = self.socket.connect_ex(("127.0.0.1", attack.port))
        if failure not in (0, errno.EINPROGRESS):
            self.socket.close()
            raise OSError(failure, os.strerror(failure))

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
    def __init__(self, mode, port, count, source, *, interval, start, again, prng=random):
        self.mode, self.port, self.count, self.source = mode, port, count, source
        self.interval, self.start, self.again, self.prng = interval, start, again, prng
        self.poll, self.by_fd = select.epoll(), {}
        self.due = []  # A heap of (time of the next step, number of the attacker, its connection or None).
        self.fates, self.made, self.steps = collections.Counter(), 0, 0

    def begin(self, now):
        self.end_all()
        self.due = [(now + self.prng.uniform(0, self.start), number, None) for number in range(self.count)]
        heapq.heapify(self.due)
        self.fates.clear()
        self.made = self.steps = 0

    def end_all(self):
        self.due = []
        for slow in self.by_fd.values():
            slow.socket.close()  # The poll forgets it.
        self.by_fd = {}

    def step_due(self, now):
        """Those whose time has come. What is late is not made up for: the pace stays that of the phase."""
        while self.due and self.due[0][0] <= now:
            due, number, slow = self.due[0]
            if slow is None or not self.step_one(slow):
                if slow is not None and not self.again:
                    heapq.heappop(self.due)
                    continue
                slow = self.open_one()
            following = due + self.interval
            heapq.heapreplace(self.due, (following if following > now else now + self.interval, number, slow))

    def step_one(self, slow):
        """False when the connection has ended, by this step or before it."""
        if slow.socket.fileno() < 0:
            return False
        self.steps += 1
        if slow.step():
            return True
        self.end(slow)
        return False

    def open_one(self):
        """The new connection, or None."""
        try:
            slow = Slow(self)
        except OSError as error:
            self.fates[f"not opened: {error.strerror}"] += 1
            return None
        self.made += 1
        self.by_fd[slow.socket.fileno()] = slow
        # Readers read only what they sip; what the server says to the others is taken at once.
        events = select.EPOLLHUP | select.EPOLLRDHUP if self.mode == "read" else select.EPOLLIN
        self.poll.register(slow.socket, events)
        return slow

    def listen(self):
        for fd, _ in self.poll.poll(0):
            slow = self.by_fd.get(fd)
            if slow and not slow.take(4096):
                self.end(slow)

    def end(self, slow):
        self.fates[slow.fate()] += 1
        del self.by_fd[slow.socket.fileno()]
        slow.socket.close()

    def report(self):
        opened = sum(slow.opened for slow in self.by_fd.values())
        return {
            "mode": self.mode,
            "made": self.made,
            "open": opened,
            "steps": self.steps,
            "at": time.monotonic(),
            "fates": dict(self.fates),
        }


class Orders:
    """The words on standard input, a line each."""

    def __init__(self, fd):
        self.fd, self.rest, self.ended = fd, b"", False
        os.set_blocking(fd, False)

    def come(self):
        try:
            piece = os.read(self.fd, 4096)
        except BlockingIOError:
            return []
        self.ended = not piece
        *lines, self.rest = (self.rest + piece).split(b"\n")
        return [line.decode() for line in lines]


def obey(attack, word):
    if word == "begin":
        attack.begin(time.monotonic())
    elif word == "end":
        attack.end_all()
    elif word == "count":
        print(json.dumps(attack.report()), flush=True)
    else:
        raise SystemExit(f"what is {word!r}?")


def run(attack, orders):
    looked_at = 0.0
    while not orders.ended:
        now = time.monotonic()
        attack.step_due(now)
        attack.listen()
        if now >= looked_at + NAP_SECONDS:
            looked_at = now
            for word in orders.come():
                obey(attack, word)
        until = min(looked_at + NAP_SECONDS, attack.due[0][0] if attack.due else looked_at + NAP_SECONDS)
        if (left := until - time.monotonic()) > 0:
            time.sleep(left)  # A poll would round it up to a millisecond, and make little crowds.


def main():
    mode, port, count, source, interval, start, again = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pace = {"interval": float(interval), "start": float(start), "again": again == "1"}
    run(Attack(mode, int(port), int(count), source, **pace), Orders(sys.stdin.fileno()))


if __name__ == "__main__":
    main()
