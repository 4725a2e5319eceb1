"""The parts of loadtest/report.md: each takes its record, draws its pictures and returns its text."""

import collections
import statistics

from lab.pages import plots
from lab.pages.page import called, table, verdicts
from lab.scenarios import GIB_DOWN as GIB
from lab.scenarios import REQUEST

PEERS = ("ringway", "nginx", "haproxy", "relay")
WAYS = ("direct", *PEERS)
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


def cpu(sheet):
    """CPU per request by scenario, number of connections and proxy."""
    text = [
        draw_costs(sheet, "cpu-small.png", "CPU per small request at saturation", {"small": ""}),
        draw_costs(sheet, "cpu-more.png", "CPU per request: a connection for each, answers of 64 KiB", {"close": "new for each, ", "medium": "64 KiB, "}),
        draw_costs(sheet, "cpu-bulk.png", "CPU per GiB, answers of 1 MiB", {"big": ""}, GIB),
        "Ratios are to the better of nginx and HAProxy, pair by pair. *small*: 130 bytes over kept connections; *close*: the same, and a connection"
        " for each request; *medium*: answers of 64 KiB; *big*: of 1 MiB. Where 1.12 × the relay is more than was promised, that is the bar. What"
        " more shards cost has a picture under *Scale*.",
        verdicts(sheet.record),
    ]
    return "\n\n".join(text)


def draw_costs(sheet, name, title, scenarios, unit=REQUEST):
    """One picture; `scenarios` and what their numbers of connections are preceded by."""
    groups = {}
    for scenario, words in scenarios.items():
        for row in sheet.record[scenario]["summary"]:
            cost = row["cost_us"]
            of_group = groups.setdefault(f"{words}{row['connections']:,}", dict.fromkeys(PEERS))
            of_group[row["peer"]] = cost["median"] / unit.shown_us if cost else None
    values = {label: [of_group[peer] for peer in PEERS] for label, of_group in groups.items()}
    axes = ("connections", f"{unit.shown_as} of CPU per {unit.name}")
    plots.bars(sheet.path(name), f"{title} (less is better)", axes, [called(peer) for peer in PEERS], values)
    return sheet.picture(name, title)


def latency(sheet):
    """Latency by quantile in the open loop, and what each proxy adds to it."""
    text = [
        "Requests leave when they are due, whatever the answers do, and each latency counts from then. Load, origin and all proxies run at"
        " real-time priority, so that it is not the rest of the machine that is measured. A round in which a request was due and no connection"
        " was free, or in which anything failed, is not taken. *Load late*: how much later than due requests left; what of a latency is this is"
        " not the proxy's, but that of the core which load and origin share. At 80 % these two want more of it than the kernel grants to"
        " real-time processes (950 ms of a second): the 50 ms there are its doing, past the proxies too."
    ]
    for share, rounds in sheet.record["latency"].items():
        rate = sheet.record["rates"][share]
        if not rounds:
            text.append(f"At {share} no round was without a request that had to wait for a free connection.")
            continue
        name = f"latency-{share.rstrip('%')}.png"
        draw_quantiles(sheet.path(name), f"Open loop, {rate:,} requests per second", rounds)
        what = f"Latency from when a request was due, at {share} of the weakest peer's capacity; medians of {len(rounds)} rounds"
        text += [sheet.picture(name, what), added(rounds)]
    return "\n\n".join([*text, verdicts(sheet.record)])


def draw_quantiles(path, title, rounds):
    series = {}
    for name in WAYS:
        medians = {figure: statistics.median(row[name][figure] for row in rounds) for figure in QUANTILES}
        series[called(name)] = [(1 / (1 - QUANTILES[figure]), us) for figure, us in medians.items()]
    tics = ", ".join(f"'{name}' {1 / (1 - q):.6g}" for name, q in QUANTILES.items())
    more = f"set logscale xy\nset xtics ({tics})\nset format y '%.0f'\nset xrange [1.7:1200]\n"
    plots.lines(path, title, ("quantile of the requests", "µs"), series, more)


def added(rounds):
    """Medians of what each proxy added to the direct way of the same round, and how late the load itself was."""
    figures = [*QUANTILES, "max"]
    rows = []
    for name in WAYS:
        values = [statistics.median(row[name][figure] - (row["direct"][figure] if name != "direct" else 0) for row in rounds) for figure in figures]
        late = statistics.median(row[name]["late_p99"] for row in rounds)
        rows.append([called(name), *(f"{value:,.0f}" if name == "direct" else f"{value:+,.0f}" for value in values), f"{late:,.0f}"])
    return table(["µs; proxies: added to the direct way", *figures, "load late, p99"], rows)


def memory(sheet):
    """What an idle connection weighs."""
    held = {called(name): [size] for name, size in sheet.record["idle_bytes"].items() if size}
    plots.bars(sheet.path("memory.png"), "Resident memory that an idle connection adds (less is better)", ("", "bytes"), ["bytes"], held)
    text = [sheet.picture("memory.png", "Resident memory of the proxy that each idle connection adds, once it was served"), verdicts(sheet.record)]
    if scale_record := sheet.records.get("scale"):
        found = scale_record["held"]
        text.append(
            f"With {found['connections']:,} connections held by ringway it was {found['bytes']:,.0f} bytes each; the kernel's slab caches grew by"
            f" {found['kernel_bytes']:,.0f} bytes for each, both ends of it and its pending receives (`{scale_record['command']}`)."
        )
    return "\n\n".join(text)


def scale(sheet):
    """100,000 connections, and what more of anything costs."""
    held, growth = sheet.record["held"], sheet.record["growth"]
    text = [
        f"ringway held {held['connections']:,} connections for {held['seconds']:.0f} s, a tenth of them active, and was asked {held['sent']:,} times"
        f" with {held['errors']:,} errors. Next to it, at the same rate and over the same windows, a second ringway held {held['compared_with']:,}.",
        verdicts(sheet.record),
    ]
    for what in ("connections", "backends"):
        medians = [(int(size), statistics.median(runs)) for size, runs in growth[what].items()]
        draw_growth(sheet.path(f"growth-{what}.png"), what, {f"{growth['rate']:,} requests/s": medians})
        rounds = len(next(iter(growth[what].values())))
        text.append(sheet.picture(f"growth-{what}.png", f"CPU per request by {what}, {growth['rate']:,} requests per second; medians of {rounds} rounds"))
    if cpu_record := sheet.records.get("cpu"):
        draw_growth(sheet.path("growth-shards.png"), "shards", by_shards(cpu_record))
        text.append(sheet.picture("growth-shards.png", "CPU per request by shards, all under one quota of a part of one core, at saturation", cpu_record))
    return "\n\n".join(text)


def by_shards(record):
    """CPU per request by the number of shards, for each number of connections."""
    series = {}
    for part in (part for name, part in record.items() if name.startswith("shards at ")):
        for row in part["summary"]:
            if row["cost_us"]:
                shards = int(row["peer"].partition("×")[2] or 1)
                series.setdefault(f"{row['connections']:,} connections", []).append((shards, row["cost_us"]["median"]))
    return series


def draw_growth(path, what, series):
    sizes = sorted({size for points in series.values() for size, _ in points})
    tics = ", ".join(f"'{size:,}' {size}" for size in sizes)
    more = f"set logscale x\nset xtics ({tics})\nset yrange [0:*]\nset xrange [{sizes[0] * 0.8:g}:{sizes[-1] * 1.25:g}]\n"
    plots.lines(path, f"CPU per request by {what}", (what, "µs of CPU per request"), series, more, values=True)


def by_second(record):
    """How many requests ended rightly, were given up, or neither, as (second, kind) → count."""
    counts = collections.Counter()
    for second, fate, count in record["per_second"]:
        counts[second, fate if fate in ("right", "aborted") else "wrong"] += count
    return counts


def chaos(sheet):
    """What was answered in each second of a run full of faults."""
    record = sheet.record
    kinds = {"answered rightly": "right", "anything else": "wrong", "given up by the client": "aborted"}
    counts = by_second(record)
    seconds = range(max(second for second, _ in counts) + 1)
    points = {name: [(second, counts[second, kind]) for second in seconds] for name, kind in kinds.items()}
    marks = "".join(
        f"set object rectangle from {fault['begins']:.2f}, graph 0 to {fault['ends']:.2f}, graph 1 fc rgb '#000000' fs transparent solid 0.07 noborder behind\n"
        for fault in record["faults"]
    )
    title = "Requests in each second; grey: a backend is ill, darker: two are"
    plots.lines(sheet.path("chaos.png"), title, ("seconds", "requests per second"), points, f"set yrange [0:*]\n{marks}", style="lines lw 1.5")
    fates = table(["fate", "requests"], [[fate, f"{count:,}"] for fate, count in sorted(record["fates"].items(), key=lambda item: -item[1])])
    plain, possible = record["availability"]
    wrong = "; ".join(record["wrong"]) or "nothing"
    return "\n\n".join(
        [
            sheet.picture("chaos.png", "Requests by second and fate, while backends are killed, frozen, slowed and made to lie"),
            f"{record['sent']:,} requests, {len(record['faults'])} faults. Availability **{plain:.5%}** of all that clients did not"
            f" give up, **{possible:.5%}** of what its rules let be answered. Unaccounted for: {wrong}.",
            fates,
        ]
    )
