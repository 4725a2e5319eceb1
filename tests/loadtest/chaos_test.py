#!/usr/bin/env python3
"""Tests of the chaos run: its plan, how it names a request's fate, and that each kind of loss is complained of."""

import collections
import random
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab import chaos_account, chaos_clients, chaos_faults  # noqa: E402


class Plan(unittest.TestCase):
    def plan(self, seed=1, seconds=600):
        return chaos_faults.plan(random.Random(seed), seconds, 6)

    def test_all_kinds_come_equally_often(self):
        counts = collections.Counter(fault.kind for fault in self.plan())
        self.assertEqual(set(chaos_faults.KINDS), set(counts))
        self.assertLessEqual(max(counts.values()) - min(counts.values()), 1)

    def test_two_thirds_of_the_backends_are_always_well_and_none_is_ill_twice(self):
        faults = self.plan()
        for fault in faults:
            ill = [other.backend for other in faults if other.begins <= fault.begins <= other.ends]
            self.assertLessEqual(len(ill), 2)
            self.assertEqual(len(ill), len(set(ill)))

    def test_the_end_is_quiet_and_one_seed_is_one_plan(self):
        self.assertTrue(all(fault.ends <= 597 for fault in self.plan()))
        self.assertEqual(self.plan(3), self.plan(3))
        self.assertNotEqual(self.plan(3), self.plan(4))


class Fate(unittest.TestCase):
    def judge(self, status, body, **fields):
        client = chaos_clients.Client(1, [100], random.Random(1))
        return client.judge(status, {"x-backend": "0", **fields}, body)

    def test_only_all_the_right_bytes_are_right(self):
        body = chaos_clients.PATTERN[:100]
        self.assertEqual("right", self.judge(200, body))
        self.assertEqual("understated", self.judge(200, body[:90]))
        self.assertEqual("wrong bytes", self.judge(200, body[:50] + b"?" + body[51:]))
        self.assertEqual("status 503", self.judge(503, b""))
        self.assertEqual("no_backend", self.judge(503, b"", **{"x-ringway-reason": "no_backend"}))


class Account(unittest.TestCase):
    def complaints(self, fates, lines=None, sent=None, **counts):
        tally = chaos_clients.Tally()
        tally.fates.update(fates)
        tally.sent = tally.fates.total() if sent is None else sent
        lines = collections.Counter({"ok": tally.sent} if lines is None else lines)
        return list(chaos_account.complaints(tally, lines, {"faults": 0, "gone": 0, "duplicates": 0, **counts}))

    def test_what_adds_up_is_not_complained_of(self):
        self.assertEqual([], self.complaints({"right": 9, "aborted": 2}))
        self.assertEqual([], self.complaints({"right": 9, "aborted": 2}, {"ok": 9}))
        self.assertEqual([], self.complaints({"right": 9, "GET cut": 1}, {"ok": 9, "upstream_cut": 1}, faults=1))

    def test_every_way_to_lose_a_request_is(self):
        for words, complaints in {
            "no fate": self.complaints({"right": 9}, sent=10),
            "lost": self.complaints({"right": 9, "GET lost behind 0 bytes": 1}),
            "unanswered": self.complaints({"right": 9, "POST unanswered": 1}),
            "wrong": self.complaints({"right": 9, "GET wrong bytes": 1}),
            "not logged": self.complaints({"right": 9}, {"ok": 8}),
            "logged twice": self.complaints({"right": 9}, {"ok": 10}),
            "another reason": self.complaints({"right": 9, "GET no_backend": 2}, {"ok": 10, "no_backend": 1}),
            "a reason that nobody logged": self.complaints({"right": 9, "GET no_backend": 1}, {"ok": 10}),
            "cut by us": self.complaints({"right": 9, "GET cut": 1}, faults=1),
            "spoilt by nobody": self.complaints({"right": 9, "GET cut": 1}, {"ok": 9, "upstream_cut": 1}),
            "twice": self.complaints({"right": 9}, duplicates=1),
        }.items():
            with self.subTest(words):
                self.assertEqual(1, len(complaints), complaints)

    def test_only_what_nobody_can_mend_is_left_out_of_what_was_possible(self):
        tally = chaos_clients.Tally()
        tally.fates.update({"right": 95, "GET cut": 3, "GET no_backend": 2, "aborted": 9})
        tally.sent = tally.fates.total()
        all_of_it, possible = chaos_account.availability(tally)
        self.assertAlmostEqual(0.95, all_of_it)
        self.assertAlmostEqual(95 / 97, possible)


if __name__ == "__main__":
    unittest.main()
