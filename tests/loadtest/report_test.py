#!/usr/bin/env python3
"""Tests of the report: that a missed bar is said to be missed, and that a page says where its figures are from."""

import shutil
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab import report, report_pages  # noqa: E402


def spread(median):
    return {"count": 15, "median": median, "low": 0.1, "high": 9.0, "interval_low": 0.5, "interval_high": 0.9}


def bar(median, met, note=""):
    return {"what": "CPU", "bar": 0.8, "ambition": None, "figure": spread(median), "met": met, "note": note}


class Report(unittest.TestCase):
    def test_verdicts_are_those_of_the_run(self):
        text = report_pages.verdicts({"bars": [bar(0.74, True, "relay 0.7"), bar(0.91, False), bar(0, False) | {"figure": None}]})
        met, missed, nothing = text.splitlines()[2:]
        self.assertEqual("| CPU (relay 0.7) | ≤ 0.8 | **0.74 [0.5 0.9]** | 15 | met |", met)
        self.assertIn("**missed**", missed)
        self.assertIn("not measured", nothing)

    def test_a_page_names_machine_kernel_and_commit(self):
        facts = report.host()
        text = report_pages.machine(facts | {"versions": {"nginx": "nginx/1.0", "relay": "same commit"}})
        for word in (facts["kernel"], facts["commit"], "nginx/1.0"):
            self.assertIn(word, text)
        self.assertNotIn("same commit", text)

    @unittest.skipUnless(shutil.which("gnuplot"), "needs gnuplot")
    def test_every_picture_that_a_page_shows_is_drawn(self):
        rows = [{name: dict.fromkeys(report_pages.QUANTILES, 10.0 + size) for size, name in enumerate(("direct", *report_pages.PEERS))}]
        record = {"machine": report.host(), "bars": [bar(1, True)]}
        fault = {"begins": 1.0, "ends": 2.0, "backend": 0, "kind": "killed", "bytes": 1}
        with TemporaryDirectory() as directory:
            folder = Path(directory)
            pages = [
                report_pages.latency(record | {"latency": {"50%": rows, "80%": []}}, folder),
                report_pages.memory(record | {"idle_bytes": {"ringway": 400, "nginx": None}}, folder),
                report_pages.chaos(
                    record
                    | {"sent": 9, "fates": {"right": 9}, "availability": [1, 1], "wrong": [], "faults": [fault], "per_second": [[0, "right", 9]]},
                    folder,
                ),
            ]
            shown = {word.split(")")[0] for page in pages for word in page.split("](plots/")[1:]}
            self.assertEqual({"latency-50.png", "memory.png", "chaos.png"}, shown)
            self.assertEqual(shown, {path.name for path in folder.iterdir()})


if __name__ == "__main__":
    unittest.main()
