"""The pages of loadtest/report.md: each takes the record of one run, draws its picture and returns its text."""

import statistics

from lab import plots

PEERS = ("ringway", "nginx", "haproxy", "relay")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


def verdicts(record):
    """Bar, figure, verdict as a table."""
    lines = ["| what | bar | figure [95 %] | pairs | |", "|---|---|---|---|---|"]
    for bar in record["bars"]:
        figure = bar["figure"]
        text, count = "not measured", 0
        if figure:
            text = f"{number(figure['median'])} [{number(figure['interval_low'])} {number(figure['interval_high'])}]"
            count = figure["count"]
        note = f" ({bar['note']})" if bar["note"] else ""
        lines.append(f"| {bar['what']}{note} | ≤ {number(bar['bar'])} | **{text}** | {count} | {'met' if bar['met'] else '**missed**'} |")
    return "\n".join(lines)


def number(value):
    return f"{value:,.0f}" if abs(value) >= 20 else f"{value:.3f}".rstrip("0").rstrip(".")


def machine(facts):
    versions = "".join(f"; {version}" for name, version in facts["versions"].items() if name in ("nginx", "haproxy"))
    return f"{facts['cpu']}, {facts['cores']} cores, kernel {facts['kernel']}, commit {facts['commit']}, {facts['date'][:10]}{versions}"


def cpu(record, folder):
    """CPU per request by scenario, number of connections and proxy."""
    groups = {}
    for name in ("small", "close", "medium"):
        for row in record[name]["summary"]:
            cost = row["cost_us"]
            label = f"{name} {row['connections']}"
            groups.setdefault(label, dict.fromkeys(PEERS))[row["peer"]] = cost["median"] if cost else None
    plots.bars(folder / "cpu.png", "CPU per request at saturation", "µs", PEERS, {label: [values[peer] for peer in PEERS] for label, values in groups.items()})
    bulk = {f"big {row['connections']}": None for row in record["big"]["summary"]}
    for label in bulk:
        of = {row["peer"]: row["cost_us"] for row in record["big"]["summary"] if f"big {row['connections']}" == label}
        bulk[label] = [of[peer]["median"] / 1000 if of.get(peer) else None for peer in PEERS]
    plots.bars(folder / "bulk.png", "CPU per GiB, answers of 1 MiB", "ms", PEERS, bulk)
    return f"{machine(record['small']['machine'])}\n\n![CPU per request](plots/cpu.png)\n\n![CPU per GiB](plots/bulk.png)\n\n{verdicts(record)}"


def latency(record, folder):
    """Latency by quantile, at half of what the weakest peer can do."""
    text = [machine(record["machine"])]
    for share, rounds in record["latency"].items():
        if not rounds:
            text.append(f"At {share} no round was without a request that had to wait for a free connection.")
            continue
        series = {}
        for name in ("direct", *PEERS):
            medians = {figure: statistics.median(row[name][figure] for row in rounds) for figure in QUANTILES}
            series[name] = [(1 / (1 - QUANTILES[figure]), us) for figure, us in medians.items()]
        file = f"latency-{share.rstrip('%')}.png"
        tics = "set logscale xy\nset xtics (" + ", ".join(f"'{name}' {1 / (1 - q):.6g}" for name, q in QUANTILES.items()) + ")\n"
        title = f"Open loop at {share} of the weakest peer, medians of {len(rounds)} rounds"
        plots.lines(folder / file, title, ("quantile", "µs from when it was due"), series, tics)
        text.append(f"![Latency at {share}](plots/{file})")
    return "\n\n".join([*text, verdicts(record)])


def scale(record, folder):
    """100,000 connections, and what more of anything costs."""
    held, growth = record["held"], record["growth"]
    for what, medians in growth.items():
        series = {f"{what}": [(int(size), us) for size, us in medians.items()]}
        plots.lines(folder / f"growth-{what}.png", f"CPU per request by {what}", (what, "µs"), series, "set logscale x\nset yrange [0:*]\n")
    text = f"{machine(record['machine'])}\n\n{held['sent']:,} requests over {held['seconds']:.0f} s and more; the kernel keeps {held['kernel_bytes']:,.0f} bytes per connection (both ends)."
    return f"{text}\n\n![By connections](plots/growth-connections.png)\n\n![By backends](plots/growth-backends.png)\n\n{verdicts(record)}"


def chaos(record, folder):
    """What was answered in each second of a run full of faults."""
    series = {"answered rightly": "right", "anything else": "wrong", "left by the client": "aborted"}
    points = {name: [(second, count) for second, kind, count in record["per_second"] if kind == wanted] for name, wanted in series.items()}
    marks = "".join(
        f"set object rectangle from {fault['begins']:.2f}, graph 0 to {fault['ends']:.2f}, graph 1 fc rgb '#eeeeee' fs solid noborder behind\n"
        for fault in record["faults"]
    )
    plots.lines(folder / "chaos.png", "Requests by second; grey: a backend is ill", ("s", "requests"), points, marks)
    fates = "\n".join(f"| {fate} | {count:,} |" for fate, count in sorted(record["fates"].items(), key=lambda item: -item[1]))
    plain, possible = record["availability"]
    wrong = "; ".join(record["wrong"]) or "nothing"
    return (
        f"{machine(record['machine'])}\n\n![Chaos](plots/chaos.png)\n\n{record['sent']:,} requests, {len(record['faults'])} faults. Availability **{plain:.5%}** of all that clients did not"
        f" give up, **{possible:.5%}** of what its rules let be answered. Unaccounted for: {wrong}.\n\n| fate | requests |\n|---|---|\n{fates}"
    )


def memory(record, folder):
    """What an idle connection weighs."""
    held = {name: size for name, size in record["idle_bytes"].items() if size}
    plots.bars(folder / "memory.png", "Resident bytes per idle connection", "bytes", ["bytes"], {name: [size] for name, size in held.items()})
    return f"{machine(record['machine'])}\n\n![Memory](plots/memory.png)\n\n{verdicts(record)}"
