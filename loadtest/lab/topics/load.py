"""What is promised of ringway-load: the same target shows the same rate as to wrk and h2load.

**The window is the target's.** Programs warm up and end each in its own way, so the target counts what it answers, and its
counter is read twice in the middle of each run: the rate of a program is what the target answered then, its CPU what the
kernel booked for it between the same two looks. What ringway-load says of itself is held against that in every run: one
in which it counted another number of answers than the target is invalid.

**Two targets decide by themselves** how many requests they answer: one may use a tenth of a core, in periods of which each
finds a request of every connection waiting; the other answers after 10 ms. There the programs have to agree. What the load
itself costs is measured at a target that is as fast as it can be. How many more answers ringway-load gets out of that one
is told and not judged, with where they come from: how much cheaper an answer was to the target, and how much busier it was.

The programs take turns, and only runs of the same round are compared.
"""

import json
import math
import re
import subprocess
import time
from dataclasses import dataclass

from lab import peers, quota, stats, wrk
from lab.processes import Failure, Workplace
from lab.rig import Counter
from lab.verdict import PAIRS_MIN, ROUNDS_MAX, Bar, Verdicts, rounds_of

RATIO_MAX = 1.03
CPU_RATIO_MAX = 1.0
TARGET_CPU, LOAD_CPU = 0, 1
LEAD_SECONDS, TAIL_SECONDS = 0.4, 0.1  # Of a run, before and behind the window: connecting and leaving.
SPARE_SECONDS = 30


@dataclass(frozen=True)
class Target:
    name: str
    connections: int
    share: float | None = None  # Of a core; None is all of it.
    arguments: tuple = ()
    decides_rate: bool = True

    def __str__(self):
        return f"{self.name}, {self.connections} connections"


TARGETS = (
    Target("a tenth of a core", 256, 0.1),
    Target("after 10 ms", 64, arguments=("--delay", "10ms")),
    Target("at once", 64, decides_rate=False),
    Target("at once", 256, decides_rate=False),
)


@dataclass(frozen=True)
class Said:
    """By a program of its own run."""

    rate: float
    answers: int
    p50_ms: float | None
    clean: bool
    seconds: float = 0.0


@dataclass(frozen=True)
class Measured:
    rate: float  # What the target answered in a second, within the window.
    said_rate: float  # What the program says of all its run.
    p50_ms: float | None
    problem: str = ""
    cpu_us: float = 0.0  # Of the program, by answer.
    target_us: float = 0.0  # Of the target, by answer.

    @property
    def target_share(self):
        """Of a core."""
        return self.rate * self.target_us / 1e6


def read_ringway_load(text):
    result = json.loads(text)
    clean = sum(result["errors"].values()) == 0
    return Said(result["rate"], result["answered"], result["latency_ms"]["p50"], clean, result["seconds"])


def disagreement(said, counted, connections):
    """What is wrong with what ringway-load says of a run for which its target counted so many answers. They are the same,
    and its rate is that of those before the end. Behind it each connection may have one that was on its way, and one that
    was asked for in the turn of the loop in which the end came."""
    if said.answers != counted:
        return f"it counted {said.answers} answers, and the target {counted}"
    of_rate = round(said.rate * said.seconds)
    if not counted - 2 * connections <= of_rate <= counted:
        return f"its rate is that of {of_rate} answers, and the target counted {counted}"
    return ""


def read_wrk(text):
    result = wrk.parse(text)
    return Said(result["rate"], result["requests"], result["latency_ms"].get("50"), not result["errors"])


def read_h2load(text):
    rate = re.search(r"^finished in \S+, ([\d.]+) req/s", text, re.M)
    counts = re.search(r"^requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text, re.M)
    if not rate or not counts:
        raise Failure("h2load's report is not what it used to be")
    _, succeeded, *wrong = (int(number) for number in counts.groups())
    return Said(float(rate.group(1)), succeeded, None, not any(wrong))


# How each is asked, and how its report is read. wrk and h2load take whole seconds, so all do.
PROGRAMS = {
    "ringway-load": (lambda build, n, s: [build / "ringway-load", "-q", "-c", n, "-d", f"{s}s", "--json", "-"], read_ringway_load),
    "wrk": (lambda _, n, s: [wrk.program(), "-t1", f"-c{n}", f"-d{s}s", "--latency"], read_wrk),
    "h2load": (lambda _, n, s: ["h2load", "--h1", "-t1", "-c", n, "-D", s], read_h2load),
}


class Running:
    """A target that runs, its counter, and the accounts of its CPU."""

    def __init__(self, place, build, target):
        self.place, self.target, self.port = place, target, place.free_port()
        control = place.free_port()
        command = [str(build / "ringway-origin"), "--listen", f"127.0.0.1:{self.port}", "--control", f"127.0.0.1:{control}"]
        self.group = quota.open_group(f"target-{target.connections}-{target.share}")
        place.groups.append(self.group)
        command += target.arguments
        self.process = place.start(command, group=self.group, cpu=TARGET_CPU)
        place.wait_for_port(self.process, command, self.port)
        place.wait_for_port(self.process, command, control)
        self.group.limit(target.share)
        self.counter = Counter(control, "answers")

    def look(self, pid):
        """What the target has answered, what it and the process have used, and when that was."""
        answers = self.counter.read()
        return time.monotonic(), answers, quota.process_clock_us(pid), self.group.cpu_us()

    def measure(self, build, program, seconds):
        ask, read = PROGRAMS[program]
        whole = math.ceil(LEAD_SECONDS + seconds + TAIL_SECONDS)
        command = [str(word) for word in ask(build, self.target.connections, whole)]
        already = self.counter.read()
        load = self.place.start([*command, f"http://127.0.0.1:{self.port}/"], cpu=LOAD_CPU, capture=True)
        time.sleep(LEAD_SECONDS)
        before = self.look(load.pid)
        time.sleep(seconds)
        after = self.look(load.pid)
        ended_early = load.poll() is not None
        output, complaint = load.communicate(timeout=whole + SPARE_SECONDS)
        self.place.end(load)
        if not output:
            raise Failure(f"{program}: {complaint.strip()}")
        said = read(output)
        problem = "" if said.clean else "not every answer was right"
        if ended_early:
            problem = "it ended within the window"
        # The others leave requests unanswered when they end.
        if program == "ringway-load" and not problem:
            problem = disagreement(said, self.counter.read() - already, self.target.connections)
        took, answers, load_us, target_us = (late - early for early, late in zip(before, after))
        by_answer = max(answers, 1)
        return Measured(answers / took, said.rate, said.p50_ms, problem, load_us / by_answer, target_us / by_answer)


def measure_target(arguments, place, programs, target, say):
    """{program: {round: Measured}}, of the runs without a problem; more rounds where these are too few."""
    running = Running(place, arguments.build.resolve(), target)
    runs = {program: {} for program in programs}
    wanted, number = rounds_of(arguments), 0
    while min(map(len, runs.values())) < wanted and number < max(wanted, ROUNDS_MAX):
        turn = number % len(programs)
        for program in programs[turn:] + programs[:turn]:
            got = running.measure(arguments.build.resolve(), program, arguments.seconds)
            if not got.problem:
                runs[program][number] = got
            p50 = f"p50 {got.p50_ms:7.3f} ms" if got.p50_ms is not None else ""
            note = f"  INVALID: {got.problem}" if got.problem else ""
            say(f"round {number + 1:2}  {target}  {program:13} {got.rate:9.0f}/s, it says {got.said_rate:9.0f}  CPU {got.cpu_us:6.2f} us  {p50}{note}")
        number += 1
    place.end(running.process)
    return runs


def ratios(runs, mine, theirs, value):
    pairs = {name: {at: value(run) for at, run in runs[name].items()} for name in (mine, theirs)}
    return stats.ratios(pairs[mine], pairs[theirs])


def both_ways(what, other, target, values, count_min):
    """As bars only know "at most": neither is above the other by more than 3 %."""
    back = [1 / value for value in values]
    yield Bar(f"{what} ÷ {other}, {target}", stats.spread(values), RATIO_MAX, count_min=count_min)
    yield Bar(f"{other}'s {what} ÷ ours, {target}", stats.spread(back), RATIO_MAX, count_min=count_min)


def bars_of(target, runs, others, count_min):
    if not target.decides_rate:
        cpu = ratios(runs, "ringway-load", "wrk", lambda run: run.cpu_us)
        yield Bar(f"CPU per request ÷ wrk, {target}", stats.spread(cpu), CPU_RATIO_MAX, count_min=count_min)
        return
    for other in others:
        rate = ratios(runs, "ringway-load", other, lambda run: run.rate)
        yield from both_ways("rate", other, target, rate, count_min)
    if not target.share:
        p50 = ratios(runs, "ringway-load", "wrk", lambda run: run.p50_ms)
        yield from both_ways("p50", "wrk", target, p50, count_min)


def remarks_of(target, runs, others):
    if target.decides_rate:
        return
    for other in others:
        rate, cost, busy = (
            stats.spread(ratios(runs, "ringway-load", other, value))
            for value in (lambda run: run.rate, lambda run: run.target_us, lambda run: run.target_share)
        )
        if rate:
            yield (
                f"rate ÷ {other}, {target}: {rate.median:.3f} [{rate.interval_low:.3f} {rate.interval_high:.3f}]; "
                f"CPU of the target by answer ÷ {cost.median:.3f}, its share of a core ÷ {busy.median:.3f}"
            )


def load(arguments, say):
    wrk.program()  # Says so now when it is missing.
    verdicts = Verdicts([])
    others = ["wrk"]
    if peers.system_program("h2load"):
        others.append("h2load")
    else:
        verdicts.remarks.append("h2load is not installed (apt-get install nghttp2-client): not compared with it")
    place = Workplace(say)
    try:
        for target in TARGETS:
            runs = measure_target(arguments, place, ["ringway-load", *others], target, say)
            verdicts.bars += bars_of(target, runs, others, PAIRS_MIN)
            verdicts.remarks += remarks_of(target, runs, others)
            verdicts.record[str(target)] = {
                program: [run.__dict__ for run in rounds.values()] for program, rounds in runs.items()
            }
    finally:
        place.close()
    return verdicts
