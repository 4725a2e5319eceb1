"""What the tests of ringway-origin share: the program as a fleet on ports of the kernel's choosing, and clients of it."""

import http.client
import json
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

ORIGIN = Path(__file__).resolve().parents[2] / "build/ringway-origin"
WAIT_SECONDS_MAX = 20
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678"


def pattern(size):
    return (LETTERS * (size // len(LETTERS) + 1))[:size]


class Fleet:
    """The program, its ports as its first lines tell them, and its control port."""

    def __init__(self, *arguments, backends=1):
        command = [ORIGIN, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--backends", str(backends), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.ports, self.pids = [], []
        for _ in range(backends):
            words = self.line().split()
            self.ports.append(int(words[4].rsplit(":", 1)[1]))
            self.pids.append(int(words[6].rstrip(")")))
        self.control_port = int(self.line().rsplit(":", 1)[1])

    def line(self):
        return self.process.stdout.readline()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=WAIT_SECONDS_MAX)
        return self.process.returncode, output

    def control(self, method, target):
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=WAIT_SECONDS_MAX)
        connection.request(method, target)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def set(self, query, backend=0):
        status, body = self.control("POST", f"/backends/{backend}?{query}")
        assert status == 200, body

    def counts(self, backend=0):
        return json.loads(self.control("GET", "/counts")[1])["backends"][backend]

    def connect(self, backend=0):
        return socket.create_connection(("127.0.0.1", self.ports[backend]), timeout=WAIT_SECONDS_MAX)


    def refuses(self, backend=0):
        try:
            self.connect(backend).close()
        except ConnectionRefusedError:
            return True
        return False


class OriginTest(unittest.TestCase):
    def fleet(self, *arguments, backends=1):
        fleet = Fleet(*arguments, backends=backends)
        self.addCleanup(fleet.end)
        return fleet

    def client(self, fleet, backend=0):
        client = fleet.connect(backend)
        self.addCleanup(client.close)
        return client

    def ask(self, fleet, backend=0, method="GET", target="/", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", fleet.ports[backend], timeout=WAIT_SECONDS_MAX)
        self.addCleanup(connection.close)
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer, answer.read()

    def until(self, condition, what):
        """For counts that follow an event of another process; each look is a request, so this does not spin idle."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)


def read_to_end(client):
    """All that comes, and how it ended: 'end' or 'reset'."""
    data = b""
    try:
        while piece := client.recv(65536):
            data += piece
    except ConnectionResetError:
        return data, "reset"
    return data, "end"
