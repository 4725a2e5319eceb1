"""Starts the programs under test and ends them again: by pid, on any exit, and no others."""

import atexit
import ctypes
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
START_SECONDS_MAX = 10
STOP_SECONDS_MAX = 3
LOCK_SECONDS_MAX = 600
FIRST_PORT, PORTS = 10_000, 20_000
REALTIME_PRIORITY = 10
LOCK = "/tmp/ringway-lab.lock"

LIBC = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """Something the user can act on; printed without a traceback."""


def take_lock(say):
    """Two measurements at once would spoil each other: the second waits for the first."""
    file = open(LOCK, "a")
    deadline = time.monotonic() + LOCK_SECONDS_MAX
    waiting = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failure(f"another measurement still holds {LOCK}") from None
            if not waiting:
                say("waiting for another measurement on this machine to end")
            waiting = True
            time.sleep(0.5)


class StartFailure(Failure):
    """A program that did not come up."""


class Workplace:
    """Owns a temporary directory, the processes and the groups of one session."""

    def __init__(self, say, alone=True, realtime=False):
        """`alone` waits for other measurements; what only counts mistakes need not be. `realtime`: all that is
        started here stands in front of whatever else the machine does."""
        self.lock = take_lock(say) if alone else open(os.devnull)
        self.directory = tempfile.mkdtemp(prefix="ringway-lab-")
        self.realtime = realtime
        self.processes = []
        self.groups = []
        self.logs = {}
        # Two sessions side by side are not to meet: what one killed, the other would listen in place of.
        self.next_port = FIRST_PORT + random.randrange(PORTS)
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(143))

    def close(self):
        for process in reversed(self.processes):
            stop(process)
        self.processes = []
        for group in self.groups:
            # What a killed master left behind. Without a cgroup nobody can say what that is.
            for pid in group.members() if group.limited else []:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            group.close()
        self.groups = []
        for file in [*self.logs.values(), self.lock]:
            file.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, command, *, group=None, cpu=None, capture=False, realtime=False, stdin=subprocess.DEVNULL):
        """`cpu`: one, or a set of them. `realtime`: in front of everything on its CPU that is not."""
        join = group.joiner() if group else None

        def prepare():
            # A shell's Ctrl-C goes to us alone, and we end the rest in order. When we are killed
            # without a chance to do so, the kernel does it.
            os.setsid()
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if cpu is not None:
                os.sched_setaffinity(0, {cpu} if isinstance(cpu, int) else cpu)
            if realtime or self.realtime:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
            if join:
                join()

        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE if capture else subprocess.DEVNULL,
            stderr=subprocess.PIPE if capture else self.log(command),
            text=True,
            cwd=self.directory,
            preexec_fn=prepare,
        )
        self.processes.append(process)
        if group:
            group.add(process.pid)
        return process

    def log(self, command):
        name = self.log_name(command)
        if name not in self.logs:
            self.logs[name] = open(name, "ab")
        return self.logs[name]

    def log_name(self, command):
        return os.path.join(self.directory, os.path.basename(command[0]) + ".log")

    def end(self, process):
        stop(process)
        for group in self.groups:
            group.remove(process.pid)
        if process in self.processes:
            self.processes.remove(process)

    def free_port(self):
        """Another one each time, and below the ephemeral range, so that no outgoing connection
        takes it in between."""
        for _ in range(PORTS):
            port = self.next_port
            self.next_port = FIRST_PORT + (port + 1 - FIRST_PORT) % PORTS
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
        raise Failure(f"no free port on 127.0.0.1 from {FIRST_PORT} to {FIRST_PORT + PORTS}")

    def wait_for_port(self, process, command, port):
        """Until somebody listens there. It does not connect: that would count as a client."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and process.poll() is None:
            if is_listening(port):
                return
            time.sleep(0.01)
        self.end(process)
        raise StartFailure(f"{' '.join(command)} does not listen on port {port}: {self.tail(command)}")

    def tail(self, command):
        try:
            with open(self.log_name(command)) as log:
                return " ".join(log.read().split("\n")[-6:]).strip() or "it said nothing"
        except OSError:
            return "it said nothing"


def may_be_realtime():
    """Whether what we start can be; tried on ourselves for a moment."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
    except OSError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


def is_listening(port):
    """Asks the kernel's own table; state 0A is LISTEN."""
    return any(port in listening(path) for path in ("/proc/net/tcp", "/proc/net/tcp6"))


def listening(path):
    """The ports in the table that somebody listens on. They stand first, before perhaps 100,000 connections
    that are over, which take seconds to read."""
    try:
        with open(path) as table:
            next(table)
            for line in table:
                _, local, _, state, *_ = line.split()
                if state != "0A":
                    return
                yield int(local.rsplit(":", 1)[1], 16)
    except OSError:
        return


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
