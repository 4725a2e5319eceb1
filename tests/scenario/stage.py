"""Plays a page: starts ringway and the backends, then the clients' steps in the order of the page."""
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time

import peer
import written
from page import Mistake
from world import free_port

STARTS_WITHIN = peer.PATIENCE
ENDS_WITHIN = peer.PATIENCE

CONFIG = """\
[shards]
count = 1
pin = false

[[listen]]
address = "127.0.0.1:{port}"

[[group]]
name = "page"
backends = [{backends}]
"""


class Failure(Exception):
    """ringway did not do what the page says."""


class Events:
    """What one block of a page tells another."""

    def __init__(self, page):
        words = ("tell", "await")
        names = {step.rest for part in page.parts for step in part.steps if step.word in words}
        self.events = {name: threading.Event() for name in names}

    def take(self, step):
        """Whether it is a step of this kind."""
        if step.word == "tell":
            self.events[step.rest].set()
        elif step.word == "await":
            if not self.events[step.rest].wait(peer.PATIENCE):
                raise peer.Surprise(f"line {step.line}: nobody told {step.rest}")
        else:
            return False
        return True


class Backend:
    """Listens from the start; its steps run on a thread of their own, `accept` by `accept`."""

    def __init__(self, name, steps, events):
        self.name = name
        self.steps = steps
        self.events = events
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.settimeout(peer.PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        connection = None
        try:
            for step in self.steps:
                if self.events.take(step):
                    continue
                if step.word == "accept":
                    connection = peer.Peer(self.listener.accept()[0])
                    self.connections.append(connection)
                elif step.word == "refuse":
                    self.listener.close()
                elif step.word == "untouched":
                    return
                elif connection is None:
                    raise peer.Surprise(f"line {step.line}: accept first")
                else:
                    connection.take(step)
        except (peer.Surprise, OSError) as failure:
            self.failure = f"backend {self.name}, {failure or type(failure).__name__}"

    def check_untouched(self):
        if not any(step.word == "untouched" for step in self.steps):
            return None
        try:
            self.listener.settimeout(0.05)
            self.listener.accept()
        except (TimeoutError, OSError):
            return None
        return f"backend {self.name} was connected to and should not have been"

    def close(self):
        for connection in self.connections:
            connection.close()
        self.listener.close()


def config_of(page, folder, port, backends):
    addresses = {name: f"127.0.0.1:{backend.port}" for name, backend in backends.items()}
    lines = [line for line in page.config.splitlines() if not line.startswith("group ")]
    text = CONFIG.format(port=port, backends=", ".join(f'"{address}"' for address in addresses.values()))
    # "group KEY = VALUE" goes into the group above; everything else behind it.
    text += "".join(line[6:] + "\n" for line in page.config.splitlines() if line.startswith("group "))
    return text + "\n" + "\n".join(lines).replace("FOLDER", folder) + "\n"


def start(program, config, log):
    process = subprocess.Popen([program, "run", "-c", config], stdout=log, stderr=log)
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if b"listening on" in pathlib.Path(log.name).read_bytes():
            return process
        time.sleep(0.01)
    process.kill()
    raise Failure(f"ringway did not start: {pathlib.Path(log.name).read_text()}")


def stop(process, log):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Failure("ringway did not end") from None
    if process.returncode not in (0, 1):
        raise Failure(f"ringway ended with {process.returncode}: {pathlib.Path(log.name).read_text()}")


def wait_until_written(folder, step):
    """written FILE TEXT: the file is there, and this in it."""
    name, _, text = step.rest.partition(" ")
    deadline = time.monotonic() + peer.PATIENCE
    while not (folder / name).exists() or text not in (folder / name).read_text():
        if time.monotonic() > deadline:
            raise peer.Surprise(f"line {step.line}: {name} has no {text!r}")
        time.sleep(0.01)


def play_clients(page, folder, process, port, events):
    clients = {}
    try:
        for part in page.parts:
            if part.kind != "client":
                continue
            for step in part.steps:
                if events.take(step):
                    continue
                if step.word == "signal":
                    process.send_signal(signal.Signals["SIG" + step.rest])
                elif step.word == "rename":
                    before, after = step.rest.split()
                    (folder / before).rename(folder / after)
                elif step.word == "written":
                    wait_until_written(folder, step)
                elif step.word == "connect":
                    clients[part.name] = peer.Peer(socket.create_connection(("127.0.0.1", port)))
                elif part.name not in clients:
                    clients[part.name] = peer.Peer(socket.create_connection(("127.0.0.1", port)))
                    clients[part.name].take(step)
                else:
                    clients[part.name].take(step)
    finally:
        for client in clients.values():
            client.close()


def check_files(page, folder):
    """What was written until the end of the process."""
    failures = []
    for part in page.parts:
        if part.kind != "file":
            continue
        try:
            file = written.Written(folder / part.name)
            for step in part.steps:
                file.take(step)
        except peer.Surprise as surprise:
            failures.append(f"file {part.name}, {surprise}")
    return failures


def play(page, build):
    backends = {}
    events = Events(page)
    for name in page.backends():
        steps = [step for part in page.parts if part.kind == "backend" and part.name == name for step in part.steps]
        backends[name] = Backend(name, steps, events)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "ringway.toml"
        config.write_text(config_of(page, folder, port, backends))
        for name, text in page.files.items():
            (config.parent / name).write_bytes(text)
        for backend in backends.values():
            backend.thread.start()
        with open(pathlib.Path(folder) / "log", "wb") as log:
            process = start(build / "ringway", config, log)
            failures = []
            try:
                play_clients(page, config.parent, process, port, events)
            except peer.Surprise as surprise:
                failures.append(f"client, {surprise}")
            for backend in backends.values():
                backend.thread.join(0.1 if failures else peer.PATIENCE)
                if backend.thread.is_alive():
                    failures.append(f"backend {backend.name} is still waiting")
                failures += [failure for failure in (backend.failure, backend.check_untouched()) if failure]
            for backend in backends.values():
                backend.close()
            stop(process, log)
        failures += check_files(page, config.parent)
    if failures:
        raise Failure("; ".join(failures))


__all__ = ["Failure", "Mistake", "play"]
