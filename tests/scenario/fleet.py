"""Mock backends for scenarios of balancing: build/ringway-origin, whose backends say who they are and can be killed."""

import http.client
import json
import random
import subprocess

from world import BUILD, OUR_PORTS

STARTS_MAX = 20


class Fleet:
    """Backends 0 to `count` - 1, on consecutive ports, each of which may be dead or slow for a while.

    One that was dead finds its port free, because the kernel does not give such ports to connections."""

    def __init__(self, count, *arguments):
        for _ in range(STARTS_MAX):
            if self._try_start(count, arguments):
                return
        raise AssertionError(f"in {STARTS_MAX} places there were no {count} free ports in a row")

    def _try_start(self, count, arguments):
        first = random.choice(OUR_PORTS)
        self.control = first + count
        self.ports = list(range(first, first + count))
        command = [BUILD / "ringway-origin", "--listen", f"127.0.0.1:{first}", "--backends", str(count)]
        command += ["--control", f"127.0.0.1:{self.control}", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = [self.process.stdout.readline() for _ in range(count)]
        if all(f"listens on 127.0.0.1:{port} " in line for port, line in zip(self.ports, lines, strict=True)):
            return True
        self.close()
        return False

    def ask(self, path, method="GET"):
        asking = http.client.HTTPConnection("127.0.0.1", self.control, timeout=10)
        asking.request(method, path)
        answer = asking.getresponse()
        text = answer.read().decode()
        asking.close()
        assert answer.status == 200, f"{path}: {answer.status} {text}"
        return text

    def kill(self, backend):
        self.ask(f"/backends/{backend}?up=no", "POST")

    def start(self, backend):
        self.ask(f"/backends/{backend}?up=yes", "POST")

    def counts(self):
        """So far, by backend."""
        return json.loads(self.ask("/counts"))["backends"]

    def requests(self):
        return [backend["requests"] for backend in self.counts()]

    def connections(self, backend):
        """That it has accepted so far."""
        return self.counts()[backend]["connections"]

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Client:
    """One connection of a client that says which backend answered it."""

    def __init__(self, ringway, host="127.0.0.1"):
        self.connection = http.client.HTTPConnection("127.0.0.1", ringway.port, timeout=20, source_address=(host, 0))
        self.set_cookie = None  # Of the last answer; None where it set none.

    def ask(self, **fields):
        """The backend's number. A field `x_user` is sent as x-user."""
        self.connection.request("GET", "/", headers={name.replace("_", "-"): text for name, text in fields.items()})
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200, f"{answer.status}, {answer.headers['x-ringway-reason']}"
        self.set_cookie = answer.headers["set-cookie"]
        return int(answer.headers["x-backend"])

    def close(self):
        self.connection.close()


def ask_once(ringway, host="127.0.0.1", **fields):
    """A connection for one request: (backend, Set-Cookie)."""
    client = Client(ringway, host)
    try:
        return client.ask(**fields), client.set_cookie
    finally:
        client.close()
