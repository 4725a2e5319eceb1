"""What is printed and what is written as JSON, out of a session's raw runs."""

import datetime
import os
import pathlib
import platform
import subprocess

from lab import netns, stats
from lab.peers import ROOT

RIVALS = ("nginx", "haproxy")
NOTES = {"invalid": "invalid", "unsaturated": "not saturated"}


def by_round(runs, peer, connections):
    """CPU µs per request, or whatever the unit is, of the valid runs."""
    return {
        run["round"]: run["cost_us"]
        for run in runs
        if run["peer"] == peer and run["connections"] == connections and run["valid"]
    }


def better_rival(runs, connections):
    """The stronger of nginx and HAProxy at this number of connections, by its median over the
    whole comparison. Choosing it per pair would compare us with the lucky one of two draws."""
    medians = {}
    for name in RIVALS:
        values = by_round(runs, name, connections)
        if values:
            medians[name] = stats.spread(list(values.values())).median
    return min(medians, key=medians.get) if medians else None


def summary(session):
    """One row per number of connections and peer."""
    rows = []
    for connections in session.settings.connections:
        rival = better_rival(session.runs, connections)
        for peer in session.peers:
            rows.append(row(session, peer.name, connections, rival))
    return rows


def row(session, peer, connections, rival):
    runs = [r for r in session.runs if r["peer"] == peer and r["connections"] == connections]
    mine = by_round(runs, peer, connections)
    ratios = {}
    for name, other in (("nginx", "nginx"), ("better", rival), ("ringway", "ringway")):
        if other:
            pairs = stats.ratios(mine, by_round(session.runs, other, connections))
            ratios[name] = stats.spread(pairs)
    return {
        "peer": peer,
        "connections": connections,
        "cost_us": stats.spread(list(mine.values())),
        "ratio_to_nginx": ratios.get("nginx"),
        "ratio_to_better": ratios.get("better"),
        "ratio_to_ringway": ratios.get("ringway"),
        "better": rival,
        "invalid": sum(not run["valid"] for run in runs),
        "unsaturated": sum(run["valid"] and not run["saturated"] for run in runs),
    }


def host():
    """Where and of what commit a figure is."""
    cpu = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        timeout=10,
    ).stdout.strip()
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "commit": commit or "unknown",
        "load": os.getloadavg()[0],
        "versions": {},
    }


def machine(session):
    return host() | {
        "congestion": netns.congestion(),
        "quota": session.settings.share if session.group.limited else None,
        "origin": session.origin.name,
        "versions": {peer.name: peer.version() for peer in session.peers},
    }


def print_header(session, facts):
    settings = session.settings
    print(f"{facts['cpu']}, {facts['cores']} cores, kernel {facts['kernel']}, {facts['commit']}")
    print(", ".join(f"{name}: {version}" for name, version in facts["versions"].items()))
    where = f"core {settings.proxy_cpu}"
    if settings.cores > 1:
        where = f"{settings.cores} workers on cores {settings.proxy_cpu} and {settings.load_cpu}"
    load = f"load and origin ({facts['origin']}): core {settings.load_cpu}"
    if settings.realtime:
        front = "in front of all else there" if session.realtime else "MAY NOT BE REAL-TIME: waits are others' doing too"
        print(f"proxy: {where}; {load}; {front}")
    elif session.group.limited:
        share = f"{settings.share:.0%} of it" if settings.cores == 1 else f"{settings.share:.0%} of one in all"
        print(f"proxy: {where}, {share}; {load}")
    else:
        print(
            "NO QUOTA: this machine gives us no cgroup, so the proxies are only pinned and not"
            " saturated; CPU per request then punishes the faster program (see README.md)"
        )
    print(f"scenario {settings.scenario}: {session.scenario.what}; TCP {facts['congestion']}")
    if facts["load"] > 1.0:
        print(f"load average {facts['load']:.1f}: others use this machine; trust only the ratios")
    for name in session.skipped:
        print(f"skipped: {name} is not there")


def interval(spread):
    if spread is None:
        return "–"
    return (
        f"{spread.median:.3f} [{spread.interval_low:.3f} {spread.interval_high:.3f}]"
        f" ({spread.low:.2f}–{spread.high:.2f})"
    )


def print_summary(session, rows):
    unit, logging = session.scenario.unit, bool(session.settings.access_log)
    print()
    print(
        f"{'clients':>7}  {'peer':14} {'CPU ' + unit.shown_as:>8} {unit.name + '/CPU s':>13}"
        f"  {'ratio to nginx [95 %] (min–max)':34}  ratio to the better peer"
        + ("; to ringway without a log" if logging else "")
    )
    for entry in rows:
        print(line(entry, unit))
        if logging and entry["peer"].startswith("ringway+"):
            print(f"{'':85}{interval(entry['ratio_to_ringway'])} ringway without a log")


def line(entry, unit):
    cost, figures = entry["cost_us"], f"{'–':>8} {'–':>13}"
    if cost:
        figures = f"{cost.median / unit.shown_us:8.2f} {1e6 / cost.median:13,.{0 if unit.size == 1 else 2}f}"
    notes = [f"{entry[kind]} {what}" for kind, what in NOTES.items() if entry[kind]]
    return (
        f"{entry['connections']:7}  {entry['peer']:14} {figures}"
        f"  {interval(entry['ratio_to_nginx']):34}  {interval(entry['ratio_to_better'])}"
        f" {entry['better'] or ''}" + (f"  ({', '.join(notes)})" if notes else "")
    )


def print_latencies(session):
    if not session.latencies:
        return
    print(
        f"\nlatency without a quota, {session.settings.latency_connections} connections,"
        " closed loop (ms)"
    )
    for name in dict.fromkeys(entry["peer"] for entry in session.latencies):
        entries = [e for e in session.latencies if e["peer"] == name and not e["errors"]]
        if not entries:
            print(f"  {name:8} invalid: {errors_of(session, name)}")
            continue
        middle = {
            percent: stats.spread([e["latency_ms"].get(percent, 0.0) for e in entries]).median
            for percent in ("50", "99")
        }
        rate = stats.spread([e["rate"] for e in entries]).median
        slow = ""
        if session.scenario.slow_delay and name != "direct":
            slow = f"  {stats.spread([e['slow_share'] for e in entries]).median:6.2%} of them to the slow backend"
        print(f"  {name:8} p50 {middle['50']:6.3f}  p99 {middle['99']:6.3f}  {rate:8.0f} req/s{slow}")


def errors_of(session, name):
    return next(entry["errors"] for entry in session.latencies if entry["peer"] == name)


def as_json(session, facts, rows):
    settings = {k: v for k, v in session.settings.__dict__.items() if k not in ("build", "peers")}
    return {
        "machine": facts,
        "settings": settings,
        "skipped": session.skipped,
        "summary": [
            {k: v.as_json() if isinstance(v, stats.Spread) else v for k, v in entry.items()}
            for entry in rows
        ],
        "latency": session.latencies,
        "runs": session.runs,
    }
