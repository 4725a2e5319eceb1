#!/usr/bin/env python3
"""Tests of the load lab: its arithmetic, what it calls invalid, and one short comparison in earnest."""

import contextlib
import io
import json
import os
import random
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab import (  # noqa: E402
    attack,
    check,
    demo_story,
    foundation,
    idle,
    peers,
    polite,
    quota,
    report,
    scenarios,
    session,
    siege,
    slow_figures,
    slowhttptest,
    stats,
    verdict,
    wrk,
)

WRK_FINE = """Running 5s test @ http://127.0.0.1:18002/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.40ms    2.32ms   9.99ms   80.82%
    Req/Sec    36.45k     2.18k   41.10k    68.18%
  Latency Distribution
     50%  145.00us
     75%    1.50ms
     90%    6.01ms
     99%    1.01s
  79808 requests in 2.20s, 11.19MB read
Requests/sec:  36245.31
Transfer/sec:      5.08MB
"""
WRK_BAD = WRK_FINE.replace(
    "Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 0\n  Non-2xx or 3xx responses: 7\nRequests/sec"
)


def run(peer, round, us, connections=8, valid=True):
    return {
        "peer": peer,
        "round": round,
        "connections": connections,
        "cost_us": us,
        "valid": valid,
        "saturated": True,
    }


class Stats(unittest.TestCase):
    def test_the_median_of_an_even_count_lies_between_the_middle_two(self):
        self.assertEqual(1.5, stats.spread([1, 2, 0, 9]).median)

    def test_the_interval_lies_within_the_range_and_holds_the_median(self):
        figure = stats.spread([0.9, 0.95, 0.91, 1.4, 0.88, 0.93, 0.92])
        self.assertLessEqual(figure.low, figure.interval_low)
        self.assertLessEqual(figure.interval_low, figure.median)
        self.assertLessEqual(figure.median, figure.interval_high)
        self.assertLessEqual(figure.interval_high, figure.high)

    def test_one_outlier_does_not_move_the_interval(self):
        calm = [0.90 + i / 1000 for i in range(15)]
        self.assertLess(stats.spread([*calm[:-1], 5.0]).interval_high, 0.92)

    def test_ratios_pair_only_rounds_that_both_sides_have(self):
        self.assertEqual([0.5, 3.0], stats.ratios({0: 1, 1: 7, 2: 6}, {0: 2, 2: 2, 3: 1}))


class Wrk(unittest.TestCase):
    def test_reads_totals_and_percentiles_in_milliseconds(self):
        answers = wrk.parse(WRK_FINE)
        self.assertEqual((79808, 36245.31, ""), (answers["requests"], answers["rate"], answers["errors"]))
        self.assertEqual({"50": 0.145, "75": 1.5, "90": 6.01, "99": 1010.0}, answers["latency_ms"])

    def test_socket_errors_and_bad_statuses_are_errors(self):
        errors = wrk.parse(WRK_BAD)["errors"]
        self.assertIn("read 3", errors)
        self.assertIn("responses: 7", errors)

    def test_no_answer_is_an_error(self):
        self.assertTrue(wrk.parse("unable to connect to 127.0.0.1:1")["errors"])


class Judgement(unittest.TestCase):
    def judge(self, scenario="small", **changed):
        case = {"requests": 1000, "opened": 10, "bytes_in": 0, "bytes_out": 0, "throttled": 99}
        case |= {"wrk": WRK_FINE, "peer": "nginx", "problems": []} | changed
        lab = session.Session.__new__(session.Session)
        lab.scenario, lab.group = scenarios.SCENARIOS[scenario], SimpleNamespace(limited=True)
        counted = {name: case[name] for name in ("requests", "bytes_in", "bytes_out")}
        window = counted | {"seconds": 1.0, "cpu_us": 12000, "periods": 100, "throttled": case["throttled"]}
        return lab.judge(
            SimpleNamespace(name=case["peer"]),
            8,
            window,
            counted | {"connections": case["opened"]},
            wrk.parse(case["wrk"]),
            case["problems"],
        )

    def test_divides_the_groups_time_by_the_requests_of_the_window(self):
        verdict = self.judge()
        self.assertEqual(12.0, verdict["cost_us"])
        self.assertTrue(verdict["valid"] and verdict["saturated"])

    def test_divides_by_the_gibibytes_where_bulk_is_what_is_moved(self):
        fine = WRK_FINE.replace("79808 requests in 2.20s, 11.19MB", "8 requests in 2.20s, 8.00MB")
        self.assertEqual(24000.0, self.judge("big", bytes_out=1 << 29, wrk=fine)["cost_us"])

    def test_a_peer_that_does_not_reuse_its_upstreams_is_invalid(self):
        self.assertTrue(self.judge(opened=11)["valid"])
        self.assertEqual(["12 upstream connections for 10 clients"], self.judge(opened=12)["problems"])
        self.assertFalse(self.judge("close", opened=12)["valid"])

    def test_the_relay_opens_one_for_each_client_by_its_nature(self):
        self.assertTrue(self.judge("close", opened=1000, peer="relay")["valid"])
        self.assertFalse(self.judge("small", opened=1000, peer="relay")["valid"])

    def test_errors_death_and_silence_are_invalid(self):
        for case in ({"wrk": WRK_BAD}, {"problems": ["died"]}, {"requests": 0}):
            self.assertFalse(self.judge(**case)["valid"], case)

    def test_answers_shorter_than_they_should_be_are_invalid(self):
        short = WRK_FINE.replace("79808 requests in 2.20s, 11.19MB", "8 requests in 2.20s, 7.00MB")
        self.assertEqual(["7340032 bytes in 8 answers"], self.judge("big", bytes_out=1 << 29, wrk=short)["problems"])

    def test_uploads_that_the_origin_never_saw_are_invalid(self):
        few = WRK_FINE.replace("79808 requests", "8 requests")
        self.assertTrue(self.judge("upload", bytes_in=8 << 20, wrk=few)["valid"])
        self.assertFalse(self.judge("upload", bytes_in=(8 << 20) - 1, wrk=few)["valid"])

    def test_a_proxy_that_the_quota_rarely_stopped_was_not_saturated(self):
        self.assertFalse(self.judge(throttled=79)["saturated"])


class Check(unittest.TestCase):
    def problem(self, status, body, length):
        answer = SimpleNamespace(status=status, read=io.BytesIO(body).read)
        return check.problem_of(answer, length, True)

    def test_every_byte_is_looked_at(self):
        body = check.LETTERS * 3
        self.assertIsNone(self.problem(200, body, 183))
        self.assertEqual("status 502", self.problem(502, body, 183))
        self.assertEqual("183 bytes instead of 184", self.problem(200, body, 184))
        self.assertIn("wrong bytes", self.problem(200, body[:100] + b"?" + body[101:], 183))

    def test_a_log_that_drops_lines_is_no_cheap_log(self):
        peer = peers.LoggingPeer("ringway+json", "", [])
        for lines, problems in ((3, []), (2, ["2 lines for 3 requests"])):
            with self.subTest(lines), TemporaryDirectory() as directory:
                Path(directory, "access.log").write_text("{}\n" * lines)
                self.assertEqual(problems, peer.afterwards(directory, 3))
                self.assertEqual([], os.listdir(directory))


class Report(unittest.TestCase):
    def test_the_better_peer_is_chosen_by_its_median_over_all_valid_rounds(self):
        runs = [run("nginx", r, us) for r, us in enumerate([10, 12, 12])]
        runs += [run("haproxy", r, us) for r, us in enumerate([11, 11, 11])]
        self.assertEqual("haproxy", report.better_rival(runs, 8))
        runs[3]["valid"] = runs[4]["valid"] = runs[5]["valid"] = False
        self.assertEqual("nginx", report.better_rival(runs, 8))
        self.assertIsNone(report.better_rival(runs, 64))

    def test_invalid_runs_are_counted_and_used_in_no_ratio(self):
        runs = [run("nginx", r, 10) for r in range(3)] + [run("ringway", r, 9) for r in range(3)]
        runs[4]["valid"] = False
        lab = SimpleNamespace(runs=runs)
        row = report.row(lab, "ringway", 8, "nginx")
        self.assertEqual((2, 1), (row["ratio_to_better"].count, row["invalid"]))


class Bars(unittest.TestCase):
    def bar(self, values, **more):
        return verdict.Bar("figure", stats.spread(values), 0.90, **more)

    def test_the_median_decides(self):
        self.assertTrue(self.bar([0.80, 0.90, 0.99]).met)
        self.assertFalse(self.bar([0.80, 0.91, 0.91]).met)

    def test_too_few_pairs_are_not_met_however_good(self):
        self.assertFalse(self.bar([0.5] * 14, count_min=15).met)
        self.assertTrue(self.bar([0.5] * 15, count_min=15).met)

    def test_nothing_measured_is_not_met(self):
        self.assertFalse(self.bar([]).met)
        self.assertFalse(verdict.Verdicts([]).all_met)

    def test_the_ambition_is_told_apart_from_the_bar(self):
        self.assertEqual("met", self.bar([0.85], ambition=0.78).verdict())
        self.assertEqual("met, and the ambition too", self.bar([0.75], ambition=0.78).verdict())


class Peers(unittest.TestCase):
    def test_filling_a_configuration_leaves_no_hole(self):
        values = {"LISTEN": "127.0.0.1:1", "UPSTREAM": "127.0.0.1:2", "STATS": "127.0.0.1:3", "BODY": "x", "SHARDS": "2", "BACKENDS": ""}
        for template in sorted((ROOT / "loadtest/peers").iterdir()):
            with self.subTest(template.name), TemporaryDirectory() as directory:
                path = peers.fill(template.name, directory, values | {"DIRECTORY": directory})
                lines = [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]
                self.assertNotIn("${", "\n".join(lines))
                self.assertIn("127.0.0.1:1", "\n".join(lines))

    def test_an_unknown_peer_is_named_with_those_that_exist(self):
        settings = session.Settings(build=ROOT / "build", only=["enginex"])
        with self.assertRaisesRegex(Exception, "unknown peer enginex; known are ringway, nginx, nginx\\+bulk, haproxy, haproxy\\+bulk, relay"):
            session.choose_peers(settings)


class Idle(unittest.TestCase):
    def test_what_was_not_held_is_not_met_and_the_peers_stand_beside_it(self):
        bar = foundation.idle_bar({"ringway": None, "nginx": 528.4, "haproxy": None})
        self.assertEqual((False, "NOT MEASURED", "nginx 528"), (bar.met, bar.verdict(), bar.note))
        self.assertTrue(foundation.idle_bar({"ringway": 1024.0, "nginx": 1.0, "haproxy": 1.0}).met)

    def test_resident_bytes_are_those_of_the_kernels_own_table(self):
        kilobytes = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
        self.assertAlmostEqual(kilobytes, idle.resident_bytes([os.getpid()]) / 1024, delta=1024)


class Slow(unittest.TestCase):
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
        self.assertEqual((True, 1.9), (slow_figures.bar("body", "new", pairs).met, siege.ratio(pairs, "new").median))
        self.assertFalse(slow_figures.bar("body", "new", pairs[:14]).met)
        self.assertFalse(slow_figures.bar("body", "new", [self.pair(100, 210)] * 15).met)
        self.assertFalse(slow_figures.bar("body", "new", [*pairs, self.pair(1, 1, {"new: timed out": 1})]).met)
        self.assertFalse(slow_figures.bar("body", "new", []).met)

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


class DemoStory(unittest.TestCase):
    def test_shows_each_backends_share(self):
        lines = demo_story.story(wrk.parse(WRK_FINE), [{"requests": 300}, {"requests": 100}])
        self.assertIn("75.0%", lines[3])
        self.assertIn("25.0%", lines[4])

    def test_an_idle_backend_a_missing_request_and_an_error_are_problems(self):
        fine = wrk.parse(WRK_FINE)
        self.assertEqual([], demo_story.problems(fine, [{"requests": 79808}]))
        self.assertEqual(1, len(demo_story.problems(fine, [{"requests": 79807}])))
        self.assertEqual(1, len(demo_story.problems(fine, [{"requests": 79808}, {"requests": 0}])))
        self.assertEqual(1, len(demo_story.problems(wrk.parse(WRK_BAD), [{"requests": 79808}])))


class Quota(unittest.TestCase):
    def test_writes_the_quota_in_the_words_of_each_version(self):
        for version, file, text in ((1, "cpu.cfs_quota_us", "4000"), (2, "cpu.max", "4000 10000")):
            with self.subTest(version), TemporaryDirectory() as directory:
                group = quota.Group("g", Path(directory), Path(directory), version)
                group.limit(0.4)
                self.assertEqual(text, (group.cpu / file).read_text())

    def test_without_a_group_time_is_still_counted(self):
        group = quota.Unlimited()
        group.add(os.getpid())
        before = group.cpu_us()
        sum(range(200_000))
        self.assertGreater(group.cpu_us(), before)


@unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "needs two cores")
class Comparison(unittest.TestCase):
    def test_a_short_one_is_valid_and_leaves_nothing_behind(self):
        with TemporaryDirectory() as directory:
            file, place = Path(directory) / "record.json", Path(directory) / "place"
            place.mkdir()
            result = subprocess.run(
                [
                    ROOT / "loadtest/compare",
                    *("--rounds", "1", "--seconds", "0.2", "--connections", "8"),
                    *("--latency-rounds", "0", "--only", "nginx,haproxy,relay", "--json", file),
                ],
                capture_output=True,
                text=True,
                env=os.environ | {"TMPDIR": str(place)},
                timeout=700,  # It waits where another measurement holds the lock.
            )
            self.assertEqual(0, result.returncode, result.stdout + result.stderr)
            record = json.loads(file.read_text())
            self.assertEqual([], list(place.iterdir()))
        self.assertEqual({"nginx", "haproxy", "relay"}, {run["peer"] for run in record["runs"]})
        for entry in record["runs"]:
            self.assertGreater(entry["requests"], 100)
            self.assertTrue(1 < entry["cost_us"] < 1000, entry)

    def test_a_peer_that_does_not_start_is_invalid_and_stops_nobody_else(self):
        with TemporaryDirectory() as directory:
            broken = Path(directory) / "ringway"
            broken.write_text("#!/bin/sh\necho out of luck >&2; exit 1\n")
            broken.chmod(0o755)
            result = subprocess.run(
                [
                    ROOT / "loadtest/compare",
                    *("--rounds", "1", "--seconds", "0.2", "--connections", "8"),
                    *("--only", "ringway,nginx", "--build", directory),
                ],
                capture_output=True,
                text=True,
                timeout=700,
            )
        self.assertEqual(1, result.returncode)
        self.assertRegex(result.stderr, "ringway .* INVALID: .* out of luck")
        self.assertRegex(result.stdout, r"nginx +\d+\.\d\d ")


if __name__ == "__main__":
    unittest.main()
