#!/usr/bin/env python3
"""Tests of what loadtest/bars load makes of ringway-load, wrk and h2load."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "loadtest"))
sys.dont_write_bytecode = True

from lab.topics import load as load_figures  # noqa: E402
from lab.processes import Failure  # noqa: E402

H2LOAD = """finished in 1.00s, 4992.30 req/s, 1.12MB/s
requests: 4993 total, 5056 started, 4993 done, 4992 succeeded, 1 failed, 0 errored, 0 timeout
"""


class Agreement(unittest.TestCase):
    def test_reads_what_h2load_says(self):
        got = load_figures.read_h2load(H2LOAD)
        self.assertEqual((got.rate, got.answers, got.clean), (4992.30, 4992, False))
        self.assertTrue(load_figures.read_h2load(H2LOAD.replace("1 failed", "0 failed")).clean)
        with self.assertRaises(Failure):
            load_figures.read_h2load("something else")

    def runs(self, rate):
        """Of ringway-load, beside a wrk at 1000/s."""
        ours = load_figures.Measured(rate, rate, 1.0, cpu_us=1, target_us=1)
        theirs = load_figures.Measured(1000, 1000, 1.0, cpu_us=2, target_us=1)
        return {"ringway-load": dict.fromkeys(range(4), ours), "wrk": dict.fromkeys(range(4), theirs)}

    def test_a_rate_that_is_off_either_way_misses_its_bar(self):
        for rate, all_met in ((1000, True), (1029, True), (1040, False), (960, False)):
            bars = list(load_figures.bars_of(load_figures.TARGETS[0], self.runs(rate), ["wrk"], 2))
            self.assertEqual(all(bar.met for bar in bars), all_met, rate)

    def test_who_says_other_than_the_target_counted_has_no_valid_run(self):
        def says(rate, answers):
            return load_figures.disagreement(load_figures.Said(rate, answers, 1.0, True, seconds=2.0), counted=1000, connections=64)

        self.assertEqual("", says(500.0, 1000))
        self.assertEqual("", says(436.0, 1000))  # 128 came behind the end.
        self.assertIn("counted 1001", says(500.0, 1001))
        self.assertIn("counted 999", says(499.5, 999))
        self.assertIn("rate is that of 1001", says(500.5, 1000))
        self.assertIn("rate is that of 871", says(435.5, 1000))

    def test_where_the_target_does_not_decide_what_it_cost_stands_beside_the_rate(self):
        (remark,) = load_figures.remarks_of(load_figures.TARGETS[2], self.runs(1200), ["wrk"])
        self.assertIn("rate ÷ wrk, at once, 64 connections: 1.200", remark)
        self.assertIn("CPU of the target by answer ÷ 1.000, its share of a core ÷ 1.200", remark)

    def test_runs_with_mistakes_leave_too_few_pairs(self):
        runs = {"ringway-load": {}, "wrk": {0: load_figures.Measured(1000, 1000, 1.0)}}
        self.assertFalse(any(bar.met for bar in load_figures.bars_of(load_figures.TARGETS[0], runs, ["wrk"], 2)))


if __name__ == "__main__":
    unittest.main()
