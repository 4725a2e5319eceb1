#!/usr/bin/env python3
"""Tests of the chaos run: its plan, how it names a request's fate, and that each kind of loss is complained of."""

import collections
import ctypes
import importlib.machinery
import importlib.util
import os
import random
import socket
import sys
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab import chaos_account, chaos_clients, chaos_faults, chaos_ledger  # noqa: E402

CLONE_FILES = 0x400


def program(name):
    """A program of the lab, to be tested like a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / "loadtest" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


chaos = program("chaos")


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
    def book(self, *requests, first=1):
        """A ledger of (fate, how often it was written)."""
        ledger = chaos_ledger.Ledger(first)
        for fate, writes in requests:
            number = ledger.begin()
            for _ in range(writes):
                ledger.wrote(number)
            if fate:
                ledger.ended(number, fate)
        return ledger

    def complaints(self, requests, lines, **counts):
        """`lines` of the access log are (number, reason)."""
        ledger = self.book(*requests, first=11)
        witness = chaos_ledger.Witness(ledger)
        for number, reason in lines:
            witness.hear(f"/?n={number}", reason)
        return list(chaos_account.complaints(ledger, witness, {"faults": 0, "gone": 0, "duplicates": 0, **counts}))

    def test_what_adds_up_is_not_complained_of(self):
        right, left, never_sent = ("right", 1), ("aborted", 1), ("aborted", 0)
        self.assertEqual([], self.complaints([right, left, never_sent], [(11, "ok"), (12, "client_gone")]))
        self.assertEqual([], self.complaints([right, left], [(11, "ok")]))
        self.assertEqual([], self.complaints([("GET cut", 1)], [(11, "upstream_cut")], faults=1))
        self.assertEqual([], self.complaints([("GET no_backend", 1)], [(11, "no_backend")]))
        # Of the warm-up, whose numbers come before.
        self.assertEqual([], self.complaints([right], [(10, "client_gone"), (11, "ok")]))

    def test_every_way_to_lose_a_request_is(self):
        right, line = ("right", 1), (11, "ok")
        for words, complaints in {
            "no fate": self.complaints([(None, 1)], [line]),
            "lost": self.complaints([("GET lost behind 0 bytes", 1)], [line]),
            "unanswered": self.complaints([("POST unanswered", 1)], [line]),
            "wrong": self.complaints([("GET wrong bytes", 1)], [line]),
            "written twice": self.complaints([("right", 2)], [line]),
            "answered without having been asked": self.complaints([("right", 0)], []),
            "not logged": self.complaints([right], []),
            "logged twice": self.complaints([right], [line, line]),
            "one logged for another": self.complaints([right, ("aborted", 0)], [line, (12, "ok")]),
            "a stranger": self.complaints([right], [line, (12, "ok")]),
            "another reason": self.complaints([("GET no_backend", 1)], [(11, "connect_timeout")]),
            "right, and cut in the log": self.complaints([right], [(11, "upstream_cut")]),
            "cut by us": self.complaints([("GET cut", 1)], [line], faults=1),
            "spoilt by nobody": self.complaints([("GET cut", 1)], [(11, "upstream_cut")]),
            "twice": self.complaints([right], [line], duplicates=1),
        }.items():
            with self.subTest(words):
                self.assertEqual(1, len(complaints), complaints)

    def test_only_what_nobody_can_mend_is_left_out_of_what_was_possible(self):
        fates = collections.Counter({"right": 95, "GET cut": 3, "GET no_backend": 2, "aborted": 9})
        all_of_it, possible = chaos_account.availability(fates)
        self.assertAlmostEqual(0.95, all_of_it)
        self.assertAlmostEqual(95 / 97, possible)

    def test_sockets_of_a_thread_with_a_table_of_its_own_are_counted(self):
        before = chaos.descriptors(os.getpid())["socket"]
        opened, done = threading.Event(), threading.Event()

        def hold():
            self.assertEqual(0, ctypes.CDLL(None).unshare(CLONE_FILES))
            with socket.socket():
                opened.set()
                done.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        opened.wait()
        held = chaos.descriptors(os.getpid())["socket"]
        done.set()
        thread.join()
        self.assertEqual(before + 1, held)


if __name__ == "__main__":
    unittest.main()
