#!/usr/bin/env python3
"""Tests of the siege: that attackers do what they are said to do, what becomes of them, and what is no attack."""

import contextlib
import io
import json
import random
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab.siege import attack, polite, siege, slowhttptest  # noqa: E402
from lab.topics import slow  # noqa: E402


class Siege(unittest.TestCase):
    def fate(self, first):
        slow = attack.Slow.__new__(attack.Slow)
        slow.first = first
        return slow.fate()

    def test_an_attacker_knows_what_it_was_told_before_the_end(self):
        self.assertEqual("408", self.fate(b"HTTP/1.1 408 Request Timeout\r\n"))
        self.assertEqual("cut", self.fate(b"HTTP/1.1 200 OK\r\n"))
        self.assertEqual("cut", self.fate(b""))

    def attack(self, server, mode="body", count=3, again=True):
        """Its steps are taken when the test says what time it is, two seconds apart."""
        server.settimeout(10)
        port = server.getsockname()[1]
        prng = random.Random(7)
        found = attack.Attack(mode, port, count, "127.0.0.1", interval=2.0, start=4.0, again=again, prng=prng)
        found.begin(100.0)
        self.addCleanup(found.end_all)
        return found

    def accept(self, server, count):
        connections = [server.accept()[0] for _ in range(count)]
        for connection in connections:
            connection.settimeout(10)
            self.addCleanup(connection.close)
        return connections

    def listen_until(self, attackers, done):
        deadline = time.monotonic() + 10
        while not done() and time.monotonic() < deadline:
            attackers.listen()
        self.assertTrue(done(), attackers.report())

    def test_attackers_begin_and_step_each_at_its_own_moment(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            attackers = self.attack(server, count=100)
            moments = sorted(due for due, _, _ in attackers.due)
            self.assertEqual(100, len(set(moments)))
            self.assertTrue(100.0 <= moments[0] < 101.0 and 103.0 < moments[-1] <= 104.0)
            # No quarter of the time has more than its share by much.
            quarters = [sum(int(moment - 100) == quarter for moment in moments) for quarter in range(4)]
            self.assertTrue(all(10 <= count <= 45 for count in quarters), quarters)

    def test_attackers_take_a_step_in_each_interval_and_no_more_to_catch_up(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            attackers = self.attack(server)
            attackers.step_due(103.99999)
            self.assertEqual((3, 0, 0), tuple(attackers.report()[key] for key in ("made", "open", "steps")))
            connections = self.accept(server, 3)
            attackers.step_due(105.99999)
            self.assertEqual((3, 3, 3), tuple(attackers.report()[key] for key in ("made", "open", "steps")))
            attackers.step_due(150.0)
            attackers.step_due(150.1)
            self.assertEqual(6, attackers.report()["steps"])
            for connection in connections:
                self.assertEqual(attack.OPENING["body"] + attack.STEP["body"], connection.recv(4096))

    def test_an_attacker_that_was_cut_comes_again_if_it_shall(self):
        for again in (True, False):
            with self.subTest(again=again), socket.create_server(("127.0.0.1", 0)) as server:
                attackers = self.attack(server, again=again)
                attackers.step_due(104.0)
                for connection in self.accept(server, 3):
                    connection.close()
                self.listen_until(attackers, lambda: attackers.report()["fates"] == {"cut": 3})
                attackers.step_due(106.0)
                self.assertEqual(6 if again else 3, attackers.report()["made"])
                self.assertEqual(0, attackers.report()["open"])

    def test_an_attackers_process_does_what_it_is_told_and_ends_with_its_input(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            words = ["header", server.getsockname()[1], 5, "127.0.0.1", 0.05, 0.01, 1]
            command = [sys.executable, Path(attack.__file__), *map(str, words)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            with subprocess.Popen(command, **pipes) as process:
                process.stdin.write("count\nbegin\n")
                process.stdin.flush()
                self.assertEqual(0, json.loads(process.stdout.readline())["made"])
                server.settimeout(10)
                for connection in self.accept(server, 5):
                    self.assertTrue(connection.recv(4096).startswith(b"GET / HTTP/1.1\r\n"))
                process.stdin.write("count\nend\ncount\n")
                process.stdin.close()
                reports = [json.loads(line) for line in process.stdout]
            self.assertEqual([(5, 5), (5, 0)], [(report["made"], report["open"]) for report in reports])
            self.assertEqual(0, process.returncode)

    def test_fewer_attackers_or_slower_ones_are_no_attack(self):
        rig = SimpleNamespace(options=siege.Options(build=Path(), attackers=1000))
        for attackers, steps, good in ((1000, 500, True), (940, 500, False), (1000, 470, False)):
            pair = siege.Pair(None, None, attackers, steps, {})
            self.assertEqual(good, siege.Siege.is_at_strength(rig, pair), (attackers, steps))

    def pair(self, quiet, attacked, errors=()):
        halves = (siege.Half({kind: [us] * 10 for kind in ("kept", "new", "direct")}, 0.1) for us in (quiet, attacked))
        return siege.Pair(*halves, 10_000, 5_000.0, {}, dict(errors))

    def test_the_bar_is_the_median_of_the_pairs_ratios_and_no_errors(self):
        pairs = [self.pair(100, 100 * ratio) for ratio in (1, 1.9, 9)] * 5
        self.assertEqual((True, 1.9), (slow.bar("body", "new", pairs).met, siege.ratio(pairs, "new").median))
        self.assertFalse(slow.bar("body", "new", pairs[:14]).met)
        self.assertFalse(slow.bar("body", "new", [self.pair(100, 210)] * 15).met)
        self.assertFalse(slow.bar("body", "new", [*pairs, self.pair(1, 1, {"new: timed out": 1})]).met)
        self.assertFalse(slow.bar("body", "new", []).met)

    def test_connections_are_counted_at_their_near_end(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)), self.accept(server, 1)[0]:
                self.assertEqual(1, siege.established(port))
            self.assertEqual(0, siege.established(port))

    def test_a_polite_client_also_asks_past_the_proxy(self):
        client = polite.Client(1, 2)
        asked = []
        client.once = asked.append
        client.run(0.6, 10)
        self.assertEqual(["kept", "new", "direct"] * 2, asked[:6])
        counts = sum(len(values) for values in client.latencies.values())
        self.assertEqual(len(asked) - 3, counts, "the first of each is not measured")
        self.assertEqual({"kept", "new", "direct"}, set(client.latencies))

    def test_a_polite_client_counts_an_error_and_its_time(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        client = polite.Client(port)
        client.run(0.2, 10)
        self.assertEqual((1, 1), tuple(len(client.latencies[kind]) for kind in ("kept", "new")))
        self.assertEqual(4, sum(client.errors.values()), "with the first of each, which is not measured")

    def test_an_outage_that_slowhttptest_saw_is_one(self):
        row = {"Seconds": 1, "Closed": 0, "Pending": 0, "Connected": 9, "Service Available": 9}
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertTrue(slowhttptest.tell("read", [row] * slowhttptest.SECONDS))
            self.assertFalse(slowhttptest.tell("read", [row] * slowhttptest.SECONDS + [row | {"Service Available": 0}]))
            self.assertFalse(slowhttptest.tell("read", [row]))
            self.assertTrue(slowhttptest.tell("read", [row, row | {"Closed": 9}]), "all were ended: nothing to wait for")


if __name__ == "__main__":
    unittest.main()
