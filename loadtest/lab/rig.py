"""What the must-show scripts stand on: ringway in front of mock backends, both started here."""

import http.client
import json
import pathlib

RINGWAY = """[shards]
count = {shards}
pin = false
[[listen]]
address = "127.0.0.1:{port}"
[[group]]
name = "web"
backends = [{backends}]
{more}
"""


class Origin:
    """build/ringway-origin with its control port."""

    def __init__(self, place, build, backends=1, *arguments, listen=None, how=None):
        # Consecutive ports: the first is asked for, the others are hoped for.
        ports = [] if listen else [place.free_port() for _ in range(backends)]
        self.control = place.free_port()
        command = [str(build / "ringway-origin"), "--listen", listen or f"127.0.0.1:{ports[0]}"]
        command += ["--backends", str(backends), "--control", f"127.0.0.1:{self.control}", *arguments]
        self.process = place.start(command, **(how or {}))
        place.wait_for_port(self.process, command, self.control)
        self.addresses = [backend["address"] for backend in self.backends()]

    def ask(self, path, method="GET"):
        asking = http.client.HTTPConnection("127.0.0.1", self.control, timeout=10)
        asking.request(method, path)
        answer = asking.getresponse()
        text = answer.read().decode()
        asking.close()
        if answer.status != 200:
            raise RuntimeError(f"the origin says {answer.status} to {path}: {text}")
        return text

    def backends(self):
        return json.loads(self.ask("/counts"))["backends"]

    def total(self, name):
        return sum(backend[name] for backend in self.backends())


class Counter:
    """One of the counts of an origin with one backend, read again and again over one connection."""

    def __init__(self, control, name):
        self.name = name
        self.asking = http.client.HTTPConnection("127.0.0.1", control, timeout=10)

    def read(self):
        self.asking.request("GET", "/counts")
        (backend,) = json.loads(self.asking.getresponse().read())["backends"]
        return backend[self.name]


class Ringway:
    def __init__(self, place, build, addresses, shards=2, more="", top="", how=None):
        self.port = place.free_port()
        backends = ", ".join(f'"{address}"' for address in addresses)
        config = pathlib.Path(place.directory) / f"ringway-{self.port}.toml"
        text = RINGWAY.format(shards=shards, port=self.port, backends=backends, more=more)
        config.write_text(text + top)
        command = [str(build / "ringway"), "run", "-c", str(config)]
        self.process = place.start(command, **(how or {}))
        place.wait_for_port(self.process, command, self.port)

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * 4096
