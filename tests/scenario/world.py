"""What scenarios are made of: the real ringway in a process, raw TCP backends in threads, raw clients.

The program is that of RINGWAY_BUILD (default: build). Everything waits for what it expects, with a deadline, and
nothing waits for a time to pass."""

import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("RINGWAY_BUILD", "build")
LONG = os.environ.get("RINGWAY_LONG") == "1"
WAIT_SECONDS_MAX = 20
# Below those that the kernel gives to connections, one of which might take a port between asking for it and its use.
OUR_PORTS = range(10_000, 30_000)


def eventually(holds, what):
    """Returns what `holds` returns once that is true."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    pause = threading.Event()
    while time.monotonic() < deadline:
        if result := holds():
            return result
        pause.wait(0.01)
    raise AssertionError(f"within {WAIT_SECONDS_MAX} s it did not come to pass that {what}")


def free_port():
    """For a program that is to listen on it, or where nobody shall."""
    while True:
        port = random.choice(OUR_PORTS)
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except OSError:
            pass  # Taken.


def send_at_once(connection):
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def vanish(connection):
    """Closes with a reset, as a machine that lost power would answer. A UNIX socket has none, unless something is unread."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_head(connection, before=b""):
    """Everything up to and with the empty line, and what came behind it; None when it ended first."""
    data = before
    while b"\r\n\r\n" not in data:
        arrived = connection.recv(65536)
        if not arrived:
            return None
        data += arrived
    head, rest = data.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


def read_message(connection, before=b""):
    """One message: (head, body, rest), or None when it ended first."""
    found = read_head(connection, before)
    if found is None:
        return None
    head, data = found
    fields = head.lower()
    if b"\r\ntransfer-encoding: chunked\r\n" in fields:
        return read_chunks(connection, head, data)
    length = 0
    if b"\r\ncontent-length:" in fields:
        length = int(fields.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0])
    while len(data) < length:
        arrived = connection.recv(65536)
        if not arrived:
            return None
        data += arrived
    return head, data[:length], data[length:]


def read_line(connection, data):
    """(line, rest), without the line's end; None when it ended first."""
    while b"\r\n" not in data:
        arrived = connection.recv(65536)
        if not arrived:
            return None
        data += arrived
    line, _, rest = data.partition(b"\r\n")
    return line, rest


def read_chunks(connection, head, data):
    """Fields behind the last chunk are read and dropped."""
    body, size = b"", None
    while size != 0:
        if (found := read_line(connection, data)) is None:
            return None
        size, data = int(found[0].split(b";")[0], 16), found[1]
        while size and len(data) < size + 2:
            arrived = connection.recv(65536)
            if not arrived:
                return None
            data += arrived
        if size:
            body, data = body + data[:size], data[size + 2 :]
    while found := read_line(connection, data):
        line, data = found
        if not line:
            return head, body, data
    return None


def read_all(connection):
    """What comes until the end, however it ends."""
    data = b""
    try:
        while arrived := connection.recv(65536):
            data += arrived
    except ConnectionError:
        pass
    return data


class Backend:
    """Serves each connection in a thread with a function of it, by default `echo`; on a UNIX socket where a path is given."""

    def __init__(self, serve=None, path=None):
        self.serve = serve or self.echo
        if path:
            self.server = socket.socket(socket.AF_UNIX)
            self.server.bind(str(path))
            self.server.listen(512)
            self.address = f"unix:{path}"
        else:
            self.server = socket.create_server(("127.0.0.1", 0), backlog=512)
            self.port = self.server.getsockname()[1]
            self.address = f"127.0.0.1:{self.port}"
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            send_at_once(connection)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def become(self, serve):
        """Serves further connections with `serve`; those it has, pooled ones too, end."""
        self.serve = serve
        self.end_connections()

    @staticmethod
    def answer_to(head, body):
        """The target and the body come back, so that whoever asked knows its answer."""
        said = head.split(b" ")[1] + b" " + body
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)

    def echo(self, connection):
        rest = b""
        while message := read_message(connection, rest):
            head, body, rest = message
            connection.sendall(self.answer_to(head, body))

    def close(self):
        # A thread that sits in accept keeps the socket listening until it is shut down.
        if self.server.fileno() >= 0:
            self.server.shutdown(socket.SHUT_RDWR)
            self.server.close()
        self.end_connections()

    def end_connections(self):
        connections, self.connections = self.connections, []
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Ringway:
    """Listens on a port of 127.0.0.1, or on the UNIX socket of that path."""

    def __init__(self, backends, shards=2, more="", group="", port=None, path=None):
        self.path = path
        self.port = port or free_port()
        address = f"unix:{path}" if path else f"127.0.0.1:{self.port}"
        # A backend is its port, or a piece of TOML.
        names = ", ".join(each if isinstance(each, str) else f'"127.0.0.1:{each}"' for each in backends)
        text = f"""[shards]\ncount = {shards}\n{more}
[[listen]]\naddress = "{address}"
[[group]]\nname = "web"\nbackends = [{names}]\n{group}\n"""
        self.folder = tempfile.TemporaryDirectory()
        config = Path(self.folder.name) / "ringway.toml"
        config.write_text(text)
        self.stderr = Path(self.folder.name) / "stderr"
        with open(self.stderr, "wb") as stderr:
            self.process = subprocess.Popen([BUILD / "ringway", "run", "-c", config], stderr=stderr)
        self.pid = self.process.pid
        self.clients = []
        self.is_ending = False

    def said(self):
        return self.stderr.read_text(errors="replace")

    def wait_until_up(self):
        eventually(lambda: "listening on" in self.said() or self.process.poll() is not None, "ringway listens")
        assert self.process.poll() is None, self.said()
        return self

    def client(self):
        connection = socket.socket(socket.AF_UNIX if self.path else socket.AF_INET)
        self.clients.append(connection)
        connection.settimeout(WAIT_SECONDS_MAX)
        connection.connect(str(self.path) if self.path else ("127.0.0.1", self.port))
        send_at_once(connection)
        return connection

    def ask(self, request):
        """A connection of its own for one request; everything that comes back."""
        with self.client() as connection:
            connection.sendall(request)
            message = read_message(connection)
            return message and message[0] + message[1]

    def descriptors(self):
        """Of all threads: each shard has a table of its own."""
        return {
            task.name: len(list((task / "fd").iterdir())) for task in Path(f"/proc/{self.pid}/task").iterdir()
        }

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        """An orderly end, which CHECKs that no buffer, timer or operation is left. Returns the exit code."""
        if not self.is_ending and self.process.poll() is None:
            self.begin_end()
        return self.process.wait(WAIT_SECONDS_MAX)

    def begin_end(self):
        self.is_ending = True  # A second signal would be an order to end at once.
        self.signal(signal.SIGTERM)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for client in self.clients:
            client.close()
        self.folder.cleanup()


class Scenario(unittest.TestCase):
    """A ringway before backends; ends in order, says nothing it should not, and leaves no descriptor behind."""

    def start(self, backends, **options):
        for backend in backends:
            self.addCleanup(backend.close)
        self.ringway = Ringway([f'"{backend.address}"' for backend in backends], **options)
        self.addCleanup(self.ringway.close)
        return self.ringway.wait_until_up()

    def skip(self, why):
        print(f"SKIPPED {self.id()}: {why}", flush=True)
        self.skipTest(why)

    def assert_orderly_end(self):
        code = self.ringway.end()
        said = self.ringway.said()
        self.assertEqual(code, 0, said)
        for bad in ("CHECK failed", "ERROR: AddressSanitizer", "runtime error", "LeakSanitizer"):
            self.assertNotIn(bad, said)
