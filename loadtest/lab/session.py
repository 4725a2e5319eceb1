"""Runs the measurements: interleaved rounds, one proxy at a time, CPU from the group's accounting.

A *run* is one proxy at one number of connections in one round; two runs of the same round and
number of connections are a *pair*. Every run starts its proxy afresh, so that luck in memory layout
is drawn anew each time and does not stick to one peer.
"""

import os
import re
import signal
import sys
import time
from dataclasses import dataclass, field

from lab import peers as known
from lab import quota
from lab.processes import Failure, StartFailure, Workplace

UPSTREAM_RATIO_MAX = 1.1
THROTTLED_MIN = 0.8
WARM_SECONDS = 0.3
# wrk tries its target once before it opens the connections it was asked for.
WRK_PROBES = 1


@dataclass(frozen=True)
class Scenario:
    """What is asked and answered."""

    body_bytes: int
    headers: tuple = ()
    reuses: bool = True  # False: every request has its own connection, so connections say nothing.


SCENARIOS = {
    # With nginx's or our own answer head about 130 bytes on the wire.
    "small": Scenario(body_bytes=2),
}


@dataclass
class Settings:
    build: object
    connections: list = field(default_factory=lambda: [8, 64, 256])
    rounds: int = 5
    seconds: float = 1.0
    scenario: str = "small"
    only: list = field(default_factory=list)
    share: float = 0.4
    proxy_cpu: int = 0
    load_cpu: int = 1
    latency_rounds: int = 1
    latency_connections: int = 8


class Session:
    """Holds the origin and the peers of one comparison, and the raw runs it collects."""

    def __init__(self, settings, say):
        self.settings = settings
        self.say = say
        self.scenario = SCENARIOS[settings.scenario]
        self.peers, self.skipped = choose_peers(settings)
        self.wrk = known.system_program("wrk")
        if self.wrk is None:
            raise Failure("wrk is not installed: apt-get install wrk")
        self.place = Workplace(say)
        self.cpus = self.choose_cpus()
        self.group = quota.open_group("proxy")
        self.load_group = quota.open_group("load")
        self.place.groups += [self.group, self.load_group]
        self.origin = known.start_origin(
            self.place, self.cpus[1], self.load_group, self.scenario.body_bytes, settings.build
        )
        self.runs = []
        self.latencies = []

    def choose_cpus(self):
        allowed = sorted(os.sched_getaffinity(0))
        wanted = (self.settings.proxy_cpu, self.settings.load_cpu)
        for cpu in wanted:
            if cpu not in allowed:
                raise Failure(f"CPU {cpu} is not ours; allowed: {allowed} (two are needed)")
        os.sched_setaffinity(0, {wanted[1]})  # Our own reading must not disturb the proxy.
        return wanted

    def close(self):
        self.place.close()

    def measure(self):
        for number in range(self.settings.rounds):
            self.measure_round(number)
        for number in range(self.settings.latency_rounds):
            for peer in [None, *self.peers]:
                try:
                    latency = self.run_unthrottled(peer)
                except StartFailure as failure:
                    latency = {"peer": peer.name, "errors": str(failure)}
                self.latencies.append({"round": number, **latency})

    def measure_round(self, number):
        """Every peer at every number of connections; whose turn is first differs by round."""
        turn = number % len(self.peers)
        for connections in self.settings.connections:
            for peer in self.peers[turn:] + self.peers[:turn]:
                try:
                    run = self.run_throttled(peer, connections)
                except StartFailure as failure:
                    run = failed_run(peer, connections, str(failure))
                run["round"] = number
                self.runs.append(run)
                self.say_run(run)

    def say_run(self, run):
        note = "" if run["valid"] else "  INVALID: " + "; ".join(run["problems"])
        if run["valid"] and not run["saturated"]:
            note = f"  not saturated ({run['throttled']:.0%} of periods throttled)"
        cost = run["cpu_us_per_request"]
        self.say(
            f"round {run['round'] + 1:2}/{self.settings.rounds}  {run['connections']:4} connections"
            f"  {run['peer']:8} {f'{cost:7.2f} µs' if cost else ''}{note}"
        )

    def start_proxy(self, peer, share):
        port = self.place.free_port()
        command = peer.command(
            self.place.directory, f"127.0.0.1:{port}", f"127.0.0.1:{self.origin.port}"
        )
        self.group.limit(None)  # Its start is not what is measured.
        process = self.place.start(command, group=self.group, cpu=self.cpus[0])
        self.place.wait_for_port(process, command, port)
        self.group.limit(share)
        return process, port

    def members(self, proxy):
        """Every process of the proxy under test."""
        return self.group.members() if self.group.limited else quota.descendants(proxy.pid)

    def start_wrk(self, port, connections, seconds):
        headers = [text for name in self.scenario.headers for text in ("-H", name)]
        # Longer than needed: it is stopped when the window has passed.
        duration = f"{int(seconds + WARM_SECONDS) + 5}s"
        command = [self.wrk, "-t1", f"-c{connections}", f"-d{duration}", "--latency", *headers]
        command.append(f"http://127.0.0.1:{port}/")
        return self.place.start(command, group=self.load_group, cpu=self.cpus[1], capture=True)

    def end_wrk(self, wrk):
        wrk.send_signal(signal.SIGINT)
        output, _ = wrk.communicate(timeout=15)
        self.place.end(wrk)
        return parse_wrk(output)

    def run_throttled(self, peer, connections):
        """One run under the quota; the numbers come from a window in the middle of it."""
        proxy, port = self.start_proxy(peer, self.settings.share)
        opened_before = self.origin.counters()[1]
        wrk = self.start_wrk(port, connections, self.settings.seconds)
        time.sleep(WARM_SECONDS)
        before = self.sample()
        time.sleep(self.settings.seconds)
        after = self.sample()
        answers = self.end_wrk(wrk)
        opened = self.origin.counters()[1] - opened_before
        died = proxy.poll() is not None
        self.place.end(proxy)
        return self.judge(peer, connections, before, after, answers, opened, died)

    def sample(self):
        cpu_us = self.group.cpu_us()
        requests, _ = self.origin.counters()
        periods, throttled = self.group.throttling()
        return time.monotonic(), cpu_us, requests, periods, throttled

    def judge(self, peer, connections, before, after, answers, opened, died):
        seconds, cpu_us, requests, periods, throttled = (b - a for a, b in zip(before, after))
        problems = []
        if died:
            problems.append("the proxy ended during the run")
        if requests <= 0:
            problems.append("no request reached the origin")
        if answers["errors"]:
            problems.append(answers["errors"])
        clients = connections + WRK_PROBES
        if self.scenario.reuses and opened > UPSTREAM_RATIO_MAX * clients:
            problems.append(f"{opened} upstream connections for {clients} clients")
        share = throttled / periods if periods else 0.0
        return {
            "peer": peer.name,
            "connections": connections,
            "seconds": seconds,
            "cpu_us": cpu_us,
            "requests": requests,
            "cpu_us_per_request": cpu_us / requests if requests > 0 else None,
            "throttled": share,
            "saturated": not self.group.limited or share >= THROTTLED_MIN,
            "upstreams_opened": opened,
            "answers": answers,
            "problems": problems,
            "valid": not problems,
        }

    def run_unthrottled(self, peer):
        """Latency, closed loop and without a quota; `peer` None asks the origin directly."""
        proxy, port = None, self.origin.port
        if peer:
            proxy, port = self.start_proxy(peer, None)
        wrk = self.start_wrk(port, self.settings.latency_connections, self.settings.seconds)
        time.sleep(WARM_SECONDS + self.settings.seconds)
        answers = self.end_wrk(wrk)
        if proxy:
            self.place.end(proxy)
        return {"peer": peer.name if peer else "direct", **answers}


def failed_run(peer, connections, problem):
    """The others are still worth measuring."""
    return {
        "peer": peer.name,
        "connections": connections,
        "cpu_us_per_request": None,
        "throttled": 0.0,
        "saturated": False,
        "problems": [problem],
        "valid": False,
    }


def choose_peers(settings):
    all_peers = known.known_peers(settings.build)
    names = [peer.name for peer in all_peers]
    for name in settings.only:
        if name not in names:
            raise Failure(f"unknown peer {name}; known are {', '.join(names)}")
    wanted = [peer for peer in all_peers if not settings.only or peer.name in settings.only]
    present = [peer for peer in wanted if not peer.missing()]
    if not present:
        raise Failure("none of the programs to compare is there")
    return present, [peer.name for peer in wanted if peer.missing()]


def parse_wrk(output):
    """wrk's own report: totals, percentiles in ms, and everything that went wrong as one text."""
    total = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    errors = [line.strip() for line in output.splitlines() if "rrors:" in line or "Non-2xx" in line]
    if not total or int(total.group(1)) == 0:
        errors.append("wrk saw no answer")
    percentiles = {}
    for percent, number, unit in re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s)\s*$", output, re.M):
        percentiles[percent] = float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
    return {
        "requests": int(total.group(1)) if total else 0,
        "rate": float(rate.group(1)) if rate else 0.0,
        "latency_ms": percentiles,
        "errors": "; ".join(errors),
    }
