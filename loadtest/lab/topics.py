"""What each issue promised in figures, and how it is measured. loadtest/bars prints it.

To add a topic: write a function that takes the command line and a `say`, measures, and returns a
Verdicts; put it into TOPICS with its name.
"""

from dataclasses import dataclass, field

from lab import idle, report, session, stats
from lab.processes import Failure

PAIRS_MIN = 15
ROUNDS_MAX = 25


@dataclass(frozen=True)
class Bar:
    """One promised figure: lower is better, and the median decides."""

    what: str
    figure: stats.Spread | None
    bar: float
    ambition: float | None = None
    count_min: int = 1
    note: str = ""
    digits: int = 3

    @property
    def met(self):
        enough = self.figure is not None and self.figure.count >= self.count_min
        return enough and self.figure.median <= self.bar

    def verdict(self):
        if self.figure is None:
            return "NOT MEASURED"
        if self.figure.count < self.count_min:
            return f"NOT MET: {self.figure.count} valid pairs, {self.count_min} are needed"
        if not self.met:
            return "NOT MET"
        if self.ambition is not None and self.figure.median <= self.ambition:
            return "met, and the ambition too"
        return "met"


@dataclass
class Verdicts:
    bars: list
    remarks: list = field(default_factory=list)
    record: dict = field(default_factory=dict)

    @property
    def all_met(self):
        return bool(self.bars) and all(bar.met for bar in self.bars)


# connections: (bar, ambition), as ratio to the better of nginx and HAProxy.
FOUNDATION = {256: (0.90, 0.78), 64: (0.95, 0.88), 8: (1.02, 0.97)}
# Resident bytes that an idle connection adds: (bar, ambition).
IDLE_BYTES = (1024, 512)
IDLE_CONNECTIONS = 10_000
IDLE_CONNECTIONS_PEERS = 8_000  # What their committed configurations hold below 20,000 descriptors.


def foundation(arguments, say):
    """CPU per request at saturation against the better peer, beside the relay's own floor; then what
    an idle connection costs."""
    lab = session.Session(
        session.Settings(
            build=arguments.build.resolve(),
            connections=sorted(FOUNDATION),
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            latency_rounds=0,
        ),
        say,
    )
    try:
        for name in ("ringway", "nginx", "haproxy", "relay"):
            if name in lab.skipped:
                raise Failure(f"{name} is needed for these figures, and it is not there")
        facts = report.machine(lab)
        report.print_header(lab, facts)
        number = 0
        while number < arguments.rounds or (fewest_pairs(lab) < PAIRS_MIN and number < ROUNDS_MAX):
            lab.measure_round(number)
            number += 1
        memory = idle_memory(lab)
    finally:
        lab.close()
    rows = report.summary(lab)
    report.print_summary(rows)
    return Verdicts(
        [*(foundation_bar(rows, connections) for connections in FOUNDATION), idle_bar(memory)],
        [] if lab.group.limited else ["no cgroup here: not saturated, the figures mean little"],
        report.as_json(lab, facts, rows) | {"idle_bytes": memory},
    )


def foundation_bar(rows, connections):
    found = {row["peer"]: row for row in rows if row["connections"] == connections}
    mine, floor = found["ringway"], found["relay"]["ratio_to_better"]
    return Bar(
        f"CPU per request, {connections} connections, ÷ {mine['better']}",
        mine["ratio_to_better"],
        *FOUNDATION[connections],
        count_min=PAIRS_MIN,
        note=f"relay {floor.median:.3f}" if floor else "relay not measured",
    )


def idle_memory(lab):
    """Bytes per idle connection by peer; None for one that could not hold them."""
    found = {}
    for peer in lab.peers:
        if peer.name == "relay":
            continue  # It needs two descriptors for each, and nobody runs it.
        count = IDLE_CONNECTIONS if peer.name == "ringway" else IDLE_CONNECTIONS_PEERS
        try:
            found[peer.name] = idle.bytes_per_connection(lab, peer, count)
            lab.say(f"{count} idle connections  {peer.name:8} {found[peer.name]:5.0f} B each")
        except OSError as error:
            found[peer.name] = None
            lab.say(f"{count} idle connections  {peer.name:8} not held: {error}")
    return found


def idle_bar(memory):
    mine = memory["ringway"]
    others = [f"{name} {memory[name]:.0f}" for name in ("nginx", "haproxy") if memory[name]]
    return Bar(
        f"resident bytes per connection, {IDLE_CONNECTIONS} idle",
        None if mine is None else stats.spread([mine]),
        *IDLE_BYTES,
        note=", ".join(others),
        digits=0,
    )


def fewest_pairs(lab):
    rows = [row for row in report.summary(lab) if row["peer"] == "ringway"]
    spreads = [row["ratio_to_better"] for row in rows]
    return min((spread.count if spread else 0) for spread in spreads)


TOPICS = {"foundation": foundation}
