#!/usr/bin/env python3
"""Tests of the report: that a missed bar is said to be missed, that every picture that is shown was drawn and says where it is from,
and that loadtest/report makes a page."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab import report  # noqa: E402
from lab.pages import page, parts, plots  # noqa: E402

MACHINE = report.host() | {"versions": {"nginx": "nginx version: nginx/1.0", "relay": "same commit"}, "congestion": "bbr"}
# All that loadtest/report runs, where it is there.
PROGRAMS = all(shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in ("gnuplot", "nginx", "haproxy", "wrk"))


def spread(median):
    return {"count": 15, "median": median, "low": 0.1, "high": 9.0, "interval_low": 0.5, "interval_high": 0.9}


def bar(median, met, note=""):
    return {"what": "CPU", "bar": 0.8, "ambition": None, "figure": spread(median), "met": met, "note": note}


def record(**more):
    return {"machine": MACHINE, "command": "loadtest/bars some", "quick": False, "bars": [bar(1, True)]} | more


def comparison(connections, names):
    rows = [{"peer": name, "connections": n, "cost_us": spread(10 + i)} for n in connections for i, name in enumerate(names)]
    rows[-1]["cost_us"] = None  # Every run of it was invalid.
    return {"machine": MACHINE, "summary": rows}


def records():
    """One of each part, as its topic writes it down."""
    figures = {name: dict.fromkeys([*parts.QUANTILES, "max", "late_p99"], 10.0 + size) for size, name in enumerate(parts.WAYS)}
    fault = {"begins": 1.0, "ends": 2.0, "backend": 0, "kind": "killed", "bytes": 1}
    held = {"connections": 100_000, "compared_with": 1_000, "seconds": 300, "sent": 9, "errors": 0, "bytes": 400.0, "kernel_bytes": 9_000.0}
    compared = {name: comparison((8, 64), parts.PEERS) for name in ("small", "close", "medium", "big")}
    shards = {f"shards at {n}": comparison((n,), ("ringway", "ringway×8", "ringway×32")) for n in (256, 2000)}
    return {
        "cpu": record(**compared, **shards, mesh={}),
        "latency": record(latency={"50%": [figures], "80%": []}, rates={"50%": 5000, "80%": 8000}),
        "memory": record(idle_bytes={"ringway": 400, "nginx": None}),
        "scale": record(held=held, growth={"rate": 5000, "connections": {"10": [9.0], "100": [8.0]}, "backends": {"3": [9.0], "100": [9.5]}}),
        "chaos": record(sent=9, fates={"right": 9}, availability=[1, 1], wrong=[], faults=[fault], per_second=[[0, "right", 9], [2, "right", 1], [2, "GET cut", 2], [2, "GET status 503", 1], [2, "wrong", 1]]),
    }


class Report(unittest.TestCase):
    def test_a_chaos_run_is_drawn_by_what_became_right_was_given_up_or_neither(self):
        counts = parts.by_second(records()["chaos"])
        self.assertEqual({(0, "right"): 9, (2, "right"): 1, (2, "wrong"): 4}, counts)

    def test_verdicts_are_those_of_the_run(self):
        text = page.verdicts({"quick": False, "bars": [bar(0.74, True, "relay 0.7"), bar(0.91, False), bar(0, False) | {"figure": None}]})
        met, missed, nothing = text.splitlines()[2:]
        self.assertEqual("| CPU (relay 0.7) | ≤ 0.8 | **0.74** [0.5 0.9] | 15 | met |", met)
        self.assertIn("**missed**", missed)
        self.assertIn("not measured", nothing)

    def test_a_figure_names_command_machine_kernel_versions_and_commit(self):
        text = page.Sheet(record(), {}, Path()).picture("some.png", "What it is")
        for word in ("`loadtest/bars some`", MACHINE["kernel"], MACHINE["commit"], MACHINE["cpu"], "nginx/1.0", "TCP bbr"):
            self.assertIn(word, text)
        self.assertNotIn("same commit", text)

    def test_a_quick_figure_says_so(self):
        self.assertIn("Quick", page.origin(record(quick=True)))
        self.assertNotIn("Quick", page.origin(record()))

    def test_versions_are_short(self):
        self.assertEqual("nginx/1.22.1", page.version("nginx version: nginx/1.22.1"))
        self.assertEqual("HAProxy 2.6.12-1 2023/12/16", page.version("HAProxy version 2.6.12-1 2023/12/16 - https://haproxy.org/"))

    @unittest.skipUnless(shutil.which("gnuplot"), "needs gnuplot")
    def test_every_picture_that_a_page_shows_is_drawn_and_says_where_it_is_from(self):
        found = records()
        with TemporaryDirectory() as directory:
            texts = [part(page.Sheet(found[name], found, Path(directory))) for name, part in PARTS.items()]
            drawn = {path.name for path in Path(directory).iterdir()}
            empty = [path.name for path in Path(directory).iterdir() if path.stat().st_size < 1000]
        shown = [word.split(")")[0] for text in texts for word in text.split("](plots/")[1:]]
        self.assertEqual(sorted(drawn), sorted(shown))
        self.assertEqual([], empty)
        self.assertEqual(len(shown), sum(text.count("* `loadtest/bars some` on ") for text in texts))

    def test_shards_are_told_by_connections_and_an_invalid_one_is_left_out(self):
        series = parts.by_shards(records()["cpu"])
        self.assertEqual({"256 connections": [(1, 10), (8, 11)], "2,000 connections": [(1, 10), (8, 11)]}, series)

    def test_values_are_told_in_three_digits(self):
        self.assertEqual(("0.743", "9.80", "1,128"), tuple(map(plots.value_text, (0.743, 9.8, 1128.4))))

    @unittest.skipUnless(PROGRAMS and len(os.sched_getaffinity(0)) > 1, "needs gnuplot, nginx, haproxy, wrk and two cores")
    def test_a_quick_one_makes_a_page_that_says_it_is_quick(self):
        # The other parts take some minutes.
        wanted = PARTS if os.environ.get("RINGWAY_LONG") == "1" else ("memory",)
        words = [word for name in wanted for word in ("--only", name)]
        with TemporaryDirectory() as directory:
            command = [ROOT / "loadtest/report", "--quick", "--to", directory, *words]
            result = subprocess.run(command, capture_output=True, text=True, timeout=1500)
            self.assertEqual(0, result.returncode, result.stdout + result.stderr)
            text = (Path(directory) / "report.md").read_text()
            drawn = {path.name for path in (Path(directory) / "plots").iterdir()}
        self.assertIn("This is a quick page", text)
        self.assertEqual(drawn, {word.split(")")[0] for word in text.split("](plots/")[1:]})
        self.assertIn("memory.png", drawn)


PARTS = {"cpu": parts.cpu, "latency": parts.latency, "memory": parts.memory, "scale": parts.scale, "chaos": parts.chaos}

if __name__ == "__main__":
    unittest.main()
