"""The programs that are compared, and the origin they all forward to."""

import http.client
import json
import os
import pathlib
import shutil
import string
import subprocess

from lab.processes import Failure

ROOM = pathlib.Path(__file__).resolve().parent.parent
ROOT = ROOM.parent
# Of the origin, since its start; requests are counted when their heads are understood.
COUNTERS = ("requests", "connections", "bytes_in", "bytes_out")


class Peer:
    """A proxy under test: where its program is and how it is started."""

    def __init__(self, name, program, arguments, config=None, version=(), **values):
        self.name = name
        self.values = values  # What its configuration asks for besides.
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

    def command(self, directory, listen, upstream):
        values = {"LISTEN": listen, "UPSTREAM": upstream, "DIRECTORY": directory, **self.values}
        if self.config:
            values["CONFIG"] = fill(self.config, directory, values)
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


def fill(name, directory, values):
    """Writes the committed configuration with its ${...} filled in; what it does not know, like
    nginx's own variables, it leaves alone."""
    text = string.Template((ROOM / "peers" / name).read_text()).safe_substitute(values)
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def system_program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def known_peers(build, access_log=""):
    """In the order in which they are printed."""
    ringway = (build / "ringway", ["run", "-c", "${CONFIG}"])
    nginx = (system_program("nginx"), ["-p", "${DIRECTORY}", "-c", "${CONFIG}"])
    haproxy = (system_program("haproxy"), ["-f", "${CONFIG}"])
    logging = []
    if access_log:
        config = f"ringway-{access_log}.toml"
        logging = [LoggingPeer(f"ringway+{access_log}", *ringway, config, ("--version",))]
    return [
        Peer("ringway", *ringway, "ringway.toml", ("--version",)),
        *logging,
        Peer("nginx", *nginx, "nginx.conf", ("-v",)),
        Peer("nginx+bulk", *nginx, "nginx-bulk.conf", ("-v",)),
        Peer("haproxy", *haproxy, "haproxy.cfg", ("-v",)),
        Peer("haproxy+bulk", *haproxy, "haproxy-bulk.cfg", ("-v",)),
        Peer(
            "relay",
            build / "ringway-relay",
            ["--listen", "${LISTEN}", "--upstream", "${UPSTREAM}"],
        ),
    ]


def shards_name(count):
    return "ringway" if count == 1 else f"ringway×{count}"


def shard_peers(build, counts):
    """ringway with so many shards each."""
    arguments = ["run", "-c", "${CONFIG}"]
    program = build / "ringway"
    return [
        Peer(name, program, arguments, "ringway-shards.toml", ("--version",), SHARDS=str(count))
        for name, count in ((shards_name(count), count) for count in counts)
    ]


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
        self.stats = http.client.HTTPConnection("127.0.0.1", stats_port, timeout=5)
        self.asked = 0

    def counters(self):
        """Requests and connections since the start, without the requests made by asking; the one
        connection that asks is in every figure, so it is in no difference."""
        text = fetch(self.stats)
        self.asked += 1
        accepted, _, requests = (int(word) for word in text.splitlines()[2].split())
        counted = {"requests": requests - self.asked, "connections": accepted}
        return {**counted, "bytes_in": 0, "bytes_out": 0}


class RingwayOrigin:
    """build/ringway-origin. Its counters are a JSON document behind --stats."""

    name = "ringway-origin"
    known_body = True

    def __init__(self, place, cpu, group, scenario, program):
        self.port, stats_port = place.free_port(), place.free_port()
        command = [str(program), "--listen", f"127.0.0.1:{self.port}", "--backends", "1"]
        command += ["--size", str(scenario.body_bytes), "--stats", f"127.0.0.1:{stats_port}"]
        command += ["--chunked", "yes"] if scenario.chunked else []
        process = place.start(command, cpu=cpu, group=group)
        for port in (self.port, stats_port):
            place.wait_for_port(process, command, port)
        self.stats = http.client.HTTPConnection("127.0.0.1", stats_port, timeout=5)

    def counters(self):
        (backend,) = json.loads(fetch(self.stats))["backends"]
        return {name: backend[name] for name in COUNTERS}


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
