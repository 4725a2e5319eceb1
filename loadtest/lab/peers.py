"""The programs that are compared, and the origin they all forward to."""

import http.client
import json
import os
import pathlib
import shutil
import string
import subprocess
from dataclasses import dataclass

from lab.processes import Failure

ROOM = pathlib.Path(__file__).resolve().parent.parent
ROOT = ROOM.parent
# Of the origin, since its start; requests are counted when their heads are understood.
COUNTERS = ("requests", "connections", "bytes_in", "bytes_out")


def build_folder(text):
    """For command lines: named from where one stands, while programs are started elsewhere."""
    return pathlib.Path(text).resolve()


@dataclass(frozen=True)
class Setup:
    """What is asked of every proxy of a comparison alike."""

    workers: int = 1  # Threads, processes or shards: whatever takes connections.
    least: bool = False  # Ask the backend that has the least to do, instead of each in turn.


class Peer:
    """A proxy under test: where its program is and how it is started."""

    def __init__(self, name, program, arguments, config=None, version=(), least="", workers=0):
        """`least` is how its configuration says that the backend with the least to do is asked; `workers` holds
        whatever a comparison asks for."""
        self.name = name
        self.least = least
        self.workers = workers
        self.program = program
        self.arguments = arguments
        self.config = config
        self.version_arguments = version

    def missing(self):
        return self.program is None or not os.access(self.program, os.X_OK)

    def version(self):
        if not self.version_arguments:
            return "same commit"
        result = subprocess.run(
            [self.program, *self.version_arguments], capture_output=True, text=True, timeout=5
        )
        lines = (result.stdout + result.stderr).strip().splitlines()
        return lines[0] if result.returncode == 0 and lines else "unknown"

    def command(self, directory, listen, upstreams, setup=Setup()):
        values = {"LISTEN": listen, "DIRECTORY": directory, "WORKERS": str(self.workers or setup.workers)}
        values["BALANCE"] = self.least if setup.least else ""
        if self.config:
            values["CONFIG"] = fill(self.config, directory, values, upstreams)
        else:
            values["UPSTREAM"] = upstreams[0]
        arguments = [string.Template(text).substitute(values) for text in self.arguments]
        return [str(self.program), *arguments]

    def afterwards(self, directory, requests):
        """Clears away what a run left behind; returns what was wrong with it."""
        return []


class LoggingPeer(Peer):
    """ringway with its access log on. A log that drops lines would be a cheap one."""

    def afterwards(self, directory, requests):
        path = os.path.join(directory, "access.log")
        with open(path, "rb") as file:
            lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
        os.remove(path)
        return [f"{lines} lines for {requests} requests"] if lines < requests else []


def fill(name, directory, values, upstreams=()):
    """Writes the committed configuration with its ${...} filled in; what it does not know, like
    nginx's own variables, it leaves alone. A line that names ${UPSTREAM} comes once for each."""
    lines = []
    for line in (ROOM / "peers" / name).read_text().splitlines():
        backends = enumerate(upstreams) if "${UPSTREAM}" in line else [("", "")]
        for number, address in backends:
            lines.append(string.Template(line).safe_substitute(values, UPSTREAM=address, NUMBER=number))
    text = "\n".join(lines) + "\n"
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def system_program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


LEAST = {"ringway": 'algorithm = "least_connections"', "nginx": "least_conn;", "haproxy": "balance leastconn"}


def known_peers(build, access_log=""):
    """In the order in which they are printed."""
    ringway = (build / "ringway", ["run", "-c", "${CONFIG}"])
    nginx = (system_program("nginx"), ["-p", "${DIRECTORY}", "-c", "${CONFIG}"])
    haproxy = (system_program("haproxy"), ["-f", "${CONFIG}"])
    logging = []
    if access_log:
        config = f"ringway-{access_log}.toml"
        logging = [LoggingPeer(f"ringway+{access_log}", *ringway, config, ("--version",), LEAST["ringway"])]
    return [
        Peer("ringway", *ringway, "ringway.toml", ("--version",), LEAST["ringway"]),
        *logging,
        Peer("nginx", *nginx, "nginx.conf", ("-v",), LEAST["nginx"]),
        Peer("nginx+bulk", *nginx, "nginx-bulk.conf", ("-v",), LEAST["nginx"]),
        Peer("haproxy", *haproxy, "haproxy.cfg", ("-v",), LEAST["haproxy"]),
        Peer("haproxy+bulk", *haproxy, "haproxy-bulk.cfg", ("-v",), LEAST["haproxy"]),
        Peer("relay", build / "ringway-relay", ["--listen", "${LISTEN}", "--upstream", "${UPSTREAM}"]),
    ]


def shards_name(count):
    return "ringway" if count == 1 else f"ringway×{count}"


def shard_peers(build, counts):
    """ringway with so many shards each."""
    run = (build / "ringway", ["run", "-c", "${CONFIG}"], "ringway.toml", ("--version",), LEAST["ringway"])
    return [Peer(shards_name(count), *run, workers=count) for count in counts]


class NginxOrigin:
    """The placeholder, where build/ringway-origin is missing: an nginx that answers out of its
    configuration."""

    name = "nginx as a placeholder"
    known_body = False

    def __init__(self, place, cpu, group, body_bytes):
        program = system_program("nginx")
        if program is None:
            raise Failure("neither build/ringway-origin nor nginx is there to be the origin")
        self.port, stats_port = place.free_port(), place.free_port()
        values = {
            "DIRECTORY": place.directory,
            "LISTEN": f"127.0.0.1:{self.port}",
            "STATS": f"127.0.0.1:{stats_port}",
            "BODY": "x" * body_bytes,
        }
        config = fill("origin-nginx.conf", place.directory, values)
        command = [program, "-p", place.directory, "-c", config]
        process = place.start(command, cpu=cpu, group=group)
        for port in (self.port, stats_port):
            place.wait_for_port(process, command, port)
        self.addresses = [f"127.0.0.1:{self.port}"]
        self.stats = http.client.HTTPConnection("127.0.0.1", stats_port, timeout=5)
        self.asked = 0

    def counters(self):
        """Requests and connections since the start, without the requests made by asking; the one
        connection that asks is in every figure, so it is in no difference."""
        text = fetch(self.stats)
        self.asked += 1
        accepted, _, requests = (int(word) for word in text.splitlines()[2].split())
        counted = {"requests": requests - self.asked, "connections": accepted}
        return {**counted, "bytes_in": 0, "bytes_out": 0, "requests_slow": 0}


class RingwayOrigin:
    """build/ringway-origin. Its counters are a JSON document behind --stats."""

    name = "ringway-origin"
    known_body = True

    def __init__(self, place, cpu, group, scenario, program):
        # Consecutive ports: the first is asked for, the others are hoped for.
        ports = [place.free_port() for _ in range(scenario.backends)]
        self.port, stats_port = ports[0], place.free_port()
        command = [str(program), "--listen", f"127.0.0.1:{self.port}", *scenario.origin_arguments]
        command += ["--stats", f"127.0.0.1:{stats_port}"]
        process = place.start(command, cpu=cpu, group=group)
        for port in (*ports, stats_port):
            place.wait_for_port(process, command, port)
        self.stats = http.client.HTTPConnection("127.0.0.1", stats_port, timeout=5)
        self.addresses = [f"127.0.0.1:{port}" for port in ports]

    def counters(self):
        """Of all backends together; `requests_slow` is the last one's part."""
        backends = json.loads(fetch(self.stats))["backends"]
        total = {name: sum(backend[name] for backend in backends) for name in COUNTERS}
        return {**total, "requests_slow": backends[-1]["requests"]}


def fetch(connection):
    connection.request("GET", "/")
    return connection.getresponse().read().decode()


def start_origin(place, cpu, group, scenario, build):
    program = build / "ringway-origin"
    if os.access(program, os.X_OK):
        return RingwayOrigin(place, cpu, group, scenario, program)
    if not scenario.placeholder_will_do:
        raise Failure(f"{program} is needed for {scenario.what}, and it is not there")
    return NginxOrigin(place, cpu, group, scenario.body_bytes)
