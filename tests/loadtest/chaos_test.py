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

from lab import chaos_account, chaos_clients, chaos_faults, chaos_ledger, chaos_memory  # noqa: E402

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

    def test_answers_break_within_their_head_in_three_minutes_too(self):
        breaking = [fault for fault in self.plan(seconds=180) if fault.kind in ("resets", "cuts")]
        early = [fault for fault in breaking if fault.bytes < 100]
        self.assertGreater(len(early), len(breaking) / 5)
        self.assertGreater(len([fault for fault in breaking if fault.bytes > 100]), len(breaking) / 5)

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


class Tally(unittest.TestCase):
    def test_each_second_has_its_fates_by_name(self):
        tally = chaos_clients.Tally()
        for fate, second in (("right", 3), ("GET upstream_reset", 3), ("GET upstream_reset", 3), ("POST cut", 4)):
            tally.end(tally.ledger.begin(), fate, second)
        self.assertEqual({(3, "right"): 1, (3, "GET upstream_reset"): 2, (4, "POST cut"): 1}, tally.per_second)


class Memory(unittest.TestCase):
    """Of an hour: a size for each second."""

    def hour(self, size_at):
        return [(second, size_at(max(second, 60))) for second in range(3601)]

    def complaints(self, size_at, outside=(0, 0)):
        return list(chaos_memory.complaints(self.hour(size_at), outside, 3600))

    def test_a_leak_is_found_however_slow_it_is(self):
        for bytes_per_second in (500, 4_000):
            with self.subTest(bytes_per_second):
                self.assertIn("grows on", self.complaints(lambda second: bytes_per_second * second)[0])

    def test_a_leak_under_steps_is_found(self):
        self.assertEqual(1, len(self.complaints(lambda second: 500 * second + (second > 2000) * (1 << 20))))

    def test_steps_are_none_as_long_as_they_end(self):
        steps = {1300: 700 << 10, 1500: 96 << 10, 1708: 252 << 10}
        grown = self.hour(lambda second: sum(size for at, size in steps.items() if second >= at))
        self.assertEqual([], list(chaos_memory.complaints(grown, (0, 0), 3600)))
        self.assertEqual(1048 << 10, chaos_memory.grown(grown, 3600))
        self.assertEqual(0, chaos_memory.steady(grown, 3600))

    def test_outside_of_slabs_a_step_is_none_either(self):
        self.assertEqual([], self.complaints(lambda second: 0, outside=(1 << 20, (1 << 20) + 4_096)))
        self.assertIn("outside", self.complaints(lambda second: 0, outside=(1 << 20, (1 << 20) + (300 << 10)))[0])

    def test_slabs_are_what_was_reserved_and_is_no_arena(self):
        def mapping(begin, kilobytes, flags):
            return f"{begin:x}-{begin + (1 << 20):x} rw-p 00000000 00:00 0 \nRss: {kilobytes} kB\nAnonymous: {kilobytes} kB\nVmFlags: rd wr {flags}\n"

        slab, heap, arena = mapping(0x7F0000001000, 1000, "nr"), mapping(0x550000000000, 20, "ac"), mapping(0x7F0000000000, 3, "nr")
        self.assertEqual(23 << 10, chaos_memory.outside_slabs(slab + heap + arena))

    def test_what_a_process_allocates_is_found_there(self):
        def outside():
            return chaos_memory.outside_slabs(Path("/proc/self/smaps").read_text())

        before = outside()
        held = bytearray(8 << 20)
        self.assertGreater(outside() - before, 6 << 20)
        self.assertEqual(8 << 20, len(held))


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
            witness.hear({"target": f"/?n={number}", "reason": reason})
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

    def test_what_was_lost_is_explained_in_the_words_of_the_access_log(self):
        ledger = self.book(("right", 1), ("GET upstream_reset", 1))
        witness = chaos_ledger.Witness(ledger)
        line = {"status": 502, "attempts": 3, "not_retried": "attempts", "failure": "gone before it answered"}
        witness.hear({"target": "/?n=1", "reason": "ok", "status": 200})
        witness.hear({"target": "/?n=2", "reason": "upstream_reset", **line})
        self.assertEqual(["GET upstream_reset"], list(witness.failures))
        said = chaos_ledger.why(witness.failures["GET upstream_reset"][0])
        self.assertEqual("gone before it answered, tries: 3; not tried again: attempts", said)
        self.assertEqual("status 503, tries: 1; not tried again: budget",
                         chaos_ledger.why({"status": 503, "attempts": 1, "not_retried": "budget", "failure": ""}))  # fmt: skip

    def test_of_wrong_bytes_the_access_log_knows_no_failure(self):
        self.assertEqual("status 200, tries: 1", chaos_ledger.why({"status": 200, "attempts": 1}))

    def test_only_connections_that_backends_know_of_may_be_left(self):
        def count(status=0, connections=0, **descriptors):
            left = chaos_account.Left(collections.Counter(descriptors), connections, status)
            return len(list(chaos_account.complaints_of_leftovers(left)))

        self.assertEqual(0, count())
        self.assertEqual(0, count(socket=3, connections=3))
        self.assertEqual(0, count(connections=-2))
        self.assertEqual(1, count(socket=3, connections=2))
        self.assertEqual(1, count(socket=1, connections=-2))
        self.assertEqual(1, count(pipe=1))
        self.assertEqual(1, count(status=1))
        self.assertEqual(1, count(status="not at all"))

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
