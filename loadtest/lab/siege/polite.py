"""A well-behaved client: `python3 polite.py PORT SECONDS RATE [DIRECT_PORT]`, started by lab/siege.py.

Asks at a steady rate, in turns on a connection that it keeps, on a new one and, when there is a DIRECT_PORT, on
one that it keeps to the backend, past the server under attack: what that one notices is the lab's own doing.
Prints the latencies of each in µs as one line of JSON. An answer that comes after the next request was due
delays that request: its latency counts from when it was due.
"""

import json
import socket
import sys
import time

REQUEST = b"HEAD / HTTP/1.1\r\nHost: polite\r\n\r\n"
ANSWER_SECONDS_MAX = 10


def ask(connection):
    """Raises OSError when the answer is not a good one."""
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            raise OSError("the connection was ended")
        answer += piece
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError(answer.split(b"\r\n")[0].decode("latin-1"))


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS_MAX)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Client:
    def __init__(self, port, direct_port=None):
        self.ports = {"kept": port, "new": port} | ({"direct": direct_port} if direct_port else {})
        self.kept = dict.fromkeys(self.ports)
        self.latencies = {kind: [] for kind in self.ports}
        self.errors = {}

    def once(self, kind):
        if kind == "new":
            with connect(self.ports[kind]) as connection:
                ask(connection)
            return
        if self.kept[kind] is None:
            self.kept[kind] = connect(self.ports[kind])
        ask(self.kept[kind])

    def try_once(self, kind, due):
        now = time.perf_counter()
        if due > now:
            time.sleep(due - now)
            due = time.perf_counter()  # How late a sleeper wakes up is not the server's doing.
        try:
            self.once(kind)
        except OSError as error:
            self.errors[f"{kind}: {error}"] = self.errors.get(f"{kind}: {error}", 0) + 1
            self.kept[kind] = None
        # An error counts with its time, too: a request that timed out was a slow one.
        self.latencies[kind].append((time.perf_counter() - due) * 1e6)

    def run(self, seconds, rate):
        kinds = list(self.ports)
        for kind in kinds:  # What connects first, here and behind the server, is nobody's tail.
            self.try_once(kind, 0)
            self.latencies[kind].clear()
        start = time.perf_counter()
        number = 0
        while (due := start + number / rate) < start + seconds and time.perf_counter() < start + 2 * seconds:
            self.try_once(kinds[number % len(kinds)], due)
            number += 1


def main():
    port, seconds, rate, *direct_port = map(float, sys.argv[1:])
    client = Client(int(port), *map(int, direct_port))
    client.run(seconds, rate)
    print(json.dumps({"latencies": client.latencies, "errors": client.errors}))


if __name__ == "__main__":
    main()
