"""Runs the measurements: interleaved rounds, one proxy at a time, CPU from the group's accounting.

A *run* is one proxy at one number of connections in one round; two runs of the same round and
number of connections are a *pair*. Every run starts its proxy afresh, so that luck in memory layout
is drawn anew each time and does not stick to one peer.
"""

import os
import signal
import time
from dataclasses import dataclass, field

from lab import check, quota, wrk
from lab import peers as known
from lab.processes import Failure, StartFailure, Workplace, may_be_realtime
from lab.scenarios import SCENARIOS

UPSTREAM_RATIO_MAX = 1.1
THROTTLED_MIN = 0.8
# Requests before wrk's own: its trial, and the one whose answer we look at.
PROBES = wrk.PROBES + 1


@dataclass
class Settings:
    build: object
    connections: list = field(default_factory=list)  # Empty: those of the scenario.
    rounds: int = 5
    seconds: float = 1.0
    scenario: str = "small"
    only: list = field(default_factory=list)
    peers: list = field(default_factory=list)  # Instead of the known ones.
    access_log: str = ""  # A format: ringway runs twice in each round, the second time with its log on.
    share: float = 0.0  # Of core 0; 0 is the scenario's.
    cores: int = 1  # The proxy's, with a worker for each. The quota is the same: the load needs its own part of them.
    proxy_cpu: int = 0
    load_cpu: int = 1
    latency_rounds: int = 1
    latency_connections: int = 0  # 0 is the scenario's.
    realtime: bool = False  # Where waits are measured, not CPU time. The kernel has no quota for such processes.

    def __post_init__(self):
        scenario = SCENARIOS[self.scenario]
        self.connections = list(self.connections or scenario.connections)
        self.share = self.share or scenario.share
        self.latency_connections = self.latency_connections or scenario.latency_connections


class Session:
    """Holds the origin and the peers of one comparison, and the raw runs it collects."""

    def __init__(self, settings, say):
        self.settings = settings
        self.say = say
        self.scenario = SCENARIOS[settings.scenario]
        self.peers, self.skipped = choose_peers(settings)
        wrk.program()  # Says so now when it is missing.
        self.realtime = settings.realtime and may_be_realtime()
        self.place = Workplace(say, realtime=self.realtime)
        self.cpus = self.choose_cpus()
        self.proxy_cpus = set(self.cpus[: settings.cores])
        self.setup = known.Setup(workers=settings.cores, least=self.scenario.least)
        self.group, self.load_group = (
            quota.Unlimited() if settings.realtime else quota.open_group(name) for name in ("proxy", "load")
        )
        self.place.groups += [self.group, self.load_group]
        self.origin = known.start_origin(
            self.place, self.cpus[1], self.load_group, self.scenario, settings.build
        )
        self.runs = []
        self.latencies = []

    def choose_cpus(self):
        self.affinity = os.sched_getaffinity(0)
        allowed = sorted(self.affinity)
        wanted = (self.settings.proxy_cpu, self.settings.load_cpu)
        for cpu in wanted:
            if cpu not in allowed:
                raise Failure(f"CPU {cpu} is not ours; allowed: {allowed} (two are needed)")
        os.sched_setaffinity(0, {wanted[1]})  # Our own reading must not disturb the proxy.
        return wanted

    def close(self):
        os.sched_setaffinity(0, self.affinity)
        self.place.close()

    def measure(self):
        for number in range(self.settings.rounds):
            self.measure_round(number)
        direct = [] if self.scenario.sizes else [None]  # Of backends that differ it could ask only one.
        for number in range(self.settings.latency_rounds):
            for peer in [*direct, *self.peers]:
                try:
                    latency = self.run_unthrottled(peer)
                except StartFailure as failure:
                    latency = {"peer": peer.name, "errors": str(failure)}
                self.latencies.append({"round": number, **latency})

    def measure_until(self, enough, rounds_max):
        """Rounds as asked for, and more where invalid runs left too few pairs."""
        number = 0
        while number < self.settings.rounds or (not enough() and number < rounds_max):
            self.measure_round(number)
            number += 1

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
        cost, unit = run["cost_us"], self.scenario.unit
        text = f"{cost / unit.shown_us:7.2f} {unit.shown_as}" if cost else ""
        self.say(
            f"round {run['round'] + 1:2}/{self.settings.rounds}  {run['connections']:4} connections"
            f"  {run['peer']:14} {text}{note}"
        )

    def start_proxy(self, peer, share):
        port = self.place.free_port()
        command = peer.command(self.place.directory, f"127.0.0.1:{port}", self.origin.addresses, self.setup)
        self.limit(None)  # Its start is not what is measured.
        process = self.place.start(command, group=self.group, cpu=self.proxy_cpus)
        self.place.wait_for_port(process, command, port)
        self.limit(share)
        return process, port

    def limit(self, share):
        self.group.limit(share, self.settings.cores)

    def members(self, proxy):
        """Every process of the proxy under test."""
        return self.group.members() if self.group.limited else quota.descendants(proxy.pid)

    def start_wrk(self, port, connections, seconds):
        command = wrk.command(
            self.scenario, self.place.directory, port, connections, self.scenario.warm_seconds + seconds
        )
        return self.place.start(command, group=self.load_group, cpu=self.cpus[1], capture=True)

    def end_wrk(self, process):
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=15)
        self.place.end(process)
        return wrk.parse(output)

    def run_throttled(self, peer, connections):
        """One run under the quota; the numbers come from a window in the middle of it."""
        start = self.origin.counters()
        proxy, port = self.start_proxy(peer, None)
        wrong = check.problem(port, self.scenario, self.origin.known_body)
        self.limit(self.settings.share)
        load = self.start_wrk(port, connections, self.settings.seconds)
        time.sleep(self.scenario.warm_seconds)
        before = self.sample()
        time.sleep(self.settings.seconds)
        after = self.sample()
        answers = self.end_wrk(load)
        died = proxy.poll() is not None
        self.place.end(proxy)
        # What wrk leaves unanswered when it is stopped may cost upstream connections: not counted.
        whole = difference(start, self.origin.counters()) | {"connections": after["connections"] - start["connections"]}
        problems = [wrong] if wrong else []
        problems += ["the proxy ended during the run"] if died else []
        problems += peer.afterwards(self.place.directory, answers["requests"])
        return self.judge(peer, connections, difference(before, after), whole, answers, problems)

    def sample(self):
        cpu_us = self.group.cpu_us()
        counters = self.origin.counters()
        periods, throttled = self.group.throttling()
        times = {"seconds": time.monotonic(), "cpu_us": cpu_us}
        return {**counters, **times, "periods": periods, "throttled": throttled}

    def judge(self, peer, connections, window, whole, answers, problems):
        """`window` is what was measured, `whole` what the origin counted from start to end."""
        unit = self.scenario.unit
        amount = window[unit.counter] / unit.size
        problems = [*problems, *self.problems_of(peer, connections, amount, whole, answers)]
        share = window["throttled"] / window["periods"] if window["periods"] else 0.0
        return {
            "peer": peer.name,
            "connections": connections,
            "seconds": window["seconds"],
            "cpu_us": window["cpu_us"],
            "requests": window["requests"],
            "slow_share": slow_share(window),
            "unit": unit.name,
            "amount": amount,
            "cost_us": window["cpu_us"] / amount if amount > 0 else None,
            "throttled": share,
            "saturated": not self.group.limited or share >= THROTTLED_MIN,
            "upstreams_opened": whole["connections"],
            "answers": answers,
            "problems": problems,
            "valid": not problems,
        }

    def problems_of(self, peer, connections, amount, whole, answers):
        scenario, clients = self.scenario, connections + PROBES
        if amount <= 0:
            yield f"no {scenario.unit.name} reached the origin"
        if answers["errors"]:
            yield answers["errors"]
        if wrk.too_short(answers, scenario.body_bytes):
            yield f"{answers['bytes']:.0f} bytes in {answers['requests']} answers"
        if whole["bytes_in"] < uploaded_min(scenario, connections, answers["requests"]):
            yield f"{whole['bytes_in']} bytes reached the origin in {answers['requests']} requests"
        # All clients may be with one backend at one time, and with another at the next.
        may_open = UPSTREAM_RATIO_MAX * clients * scenario.backends
        # The relay joins each client to an upstream connection of its own; that is what it is.
        if whole["connections"] > may_open and not (scenario.closes and peer.name == "relay"):
            yield f"{whole['connections']} upstream connections for {clients} clients"

    def run_unthrottled(self, peer, connections=0):
        """Latency, closed loop and without a quota; `peer` None asks the origin directly."""
        proxy, port = None, self.origin.port
        if peer:
            proxy, port = self.start_proxy(peer, None)
        load = self.start_wrk(port, connections or self.settings.latency_connections, self.settings.seconds)
        before = self.origin.counters()
        time.sleep(self.scenario.warm_seconds + self.settings.seconds)
        after = self.origin.counters()
        answers = self.end_wrk(load)
        if proxy:
            self.place.end(proxy)
            peer.afterwards(self.place.directory, answers["requests"])
        return {"peer": peer.name if peer else "direct", "slow_share": slow_share(difference(before, after)), **answers}


def slow_share(window):
    """Of the requests, those that the last backend had: it is the slow one where there is one."""
    return window["requests_slow"] / window["requests"] if window["requests"] else 0.0


def uploaded_min(scenario, connections, answered):
    """Bytes that the origin has seen at least. Of several kinds the largest may be among those without an answer yet."""
    unanswered = connections if len(scenario.kinds) > 1 else 0
    return max(0, answered - unanswered) // len(scenario.kinds) * scenario.upload_bytes


def difference(before, after):
    return {name: after[name] - before[name] for name in before}


def failed_run(peer, connections, problem):
    """The others are still worth measuring."""
    return {
        "peer": peer.name,
        "connections": connections,
        "cost_us": None,
        "throttled": 0.0,
        "saturated": False,
        "problems": [problem],
        "valid": False,
    }


def choose_peers(settings):
    scenario = SCENARIOS[settings.scenario]
    all_peers = settings.peers or known.known_peers(settings.build, settings.access_log)
    names = [peer.name for peer in all_peers]
    for name in settings.only:
        if name not in names:
            raise Failure(f"unknown peer {name}; known are {', '.join(names)}")
    usual = [name for name in names if scenario.is_bulk or not name.endswith("+bulk")]
    wanted = [peer for peer in all_peers if peer.name in (settings.only or usual)]
    if scenario.backends > 1 or settings.cores > 1:
        # It joins each client to one backend, on one thread.
        wanted = [peer for peer in wanted if peer.name != "relay"]
    present = [peer for peer in wanted if not peer.missing()]
    if not present:
        raise Failure("none of the programs to compare is there")
    return present, [peer.name for peer in wanted if peer.missing()]

