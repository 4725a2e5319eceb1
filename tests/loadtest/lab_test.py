#!/usr/bin/env python3
"""Tests of the load lab: its arithmetic, what it calls invalid, and one short comparison in earnest."""

import io
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab import (  # noqa: E402
    check,
    demo_story,
    idle,
    peers,
    quota,
    report,
    scenarios,
    session,
    stats,
    verdict,
    wrk,
)
from lab.topics import memory, scale  # noqa: E402

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
        case = {"requests": 1000, "requests_slow": 10, "opened": 10, "bytes_in": 0, "bytes_out": 0, "throttled": 99}
        case |= {"wrk": WRK_FINE, "peer": "nginx", "problems": []} | changed
        lab = session.Session.__new__(session.Session)
        lab.scenario, lab.group = scenarios.SCENARIOS[scenario], SimpleNamespace(limited=True)
        counted = {name: case[name] for name in ("requests", "requests_slow", "bytes_in", "bytes_out")}
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

    def test_of_several_kinds_the_largest_may_be_without_an_answer_yet(self):
        mixed = scenarios.SCENARIOS["mixed"]
        self.assertEqual(17 << 10, mixed.upload_bytes)
        self.assertEqual(0, session.uploaded_min(mixed, 8, 8 + 6))
        self.assertEqual(17 << 10, session.uploaded_min(mixed, 8, 8 + 7))

    def test_several_backends_may_each_be_connected_to_by_all(self):
        self.assertTrue(self.judge("slow-backend", opened=40)["valid"])
        self.assertFalse(self.judge("slow-backend", opened=45)["valid"])

    def test_the_share_of_the_last_backend_is_told(self):
        self.assertEqual(0.01, self.judge("slow-backend")["slow_share"])
        self.assertEqual(0.0, session.slow_share({"requests": 0, "requests_slow": 0}))

    def test_a_proxy_that_the_quota_rarely_stopped_was_not_saturated(self):
        self.assertFalse(self.judge(throttled=79)["saturated"])


class Scenarios(unittest.TestCase):
    def test_a_bare_relay_joins_nobody_to_several_backends_nor_on_two_cores(self):
        with TemporaryDirectory() as directory:
            for name in ("ringway", "ringway-relay"):
                program = Path(directory) / name
                program.touch(0o755)
            for how, names in (({}, ["ringway", "relay"]), ({"scenario": "fleet"}, ["ringway"]), ({"cores": 2}, ["ringway"])):
                settings = session.Settings(build=Path(directory), only=["ringway", "relay"], **how)
                self.assertEqual(names, [peer.name for peer in session.choose_peers(settings)[0]], how)

    def test_the_origin_is_told_of_sizes_and_of_the_slow_one(self):
        words = " ".join(scenarios.SCENARIOS["mixed"].origin_arguments)
        self.assertEqual("--backends 4 --size 2 --backend 0:size=2 --backend 1:size=2048 --backend 2:size=16384 --backend 3:size=65536", words)
        self.assertEqual(["--backend", "3:delay=20ms"], scenarios.SCENARIOS["slow-backend"].origin_arguments[-2:])

    def test_the_open_loop_asks_in_plain_scenarios_only(self):
        plain = [name for name, scenario in scenarios.SCENARIOS.items() if scenario.is_plain]
        self.assertEqual(["small", "medium", "chunked", "big", "huge", "fleet", "slow-backend"], plain)
        result = subprocess.run([ROOT / "loadtest/compare", "--open-loop", "--scenario", "mixed"], capture_output=True, text=True)
        self.assertEqual(2, result.returncode)
        self.assertIn("mixed is more than that", result.stderr)

    def test_wrk_asks_several_kinds_in_turns_and_a_single_one_as_it_is(self):
        with TemporaryDirectory() as directory:
            commands = {name: wrk.command(scenarios.SCENARIOS[name], directory, 1, 8, 1) for name in ("small", "upload")}
            self.assertNotIn("-s", commands["small"])
            self.assertIn('wrk.method = "POST"', Path(directory, "kinds.lua").read_text())
            wrk.command(scenarios.SCENARIOS["mixed"], directory, 1, 8, 1)
            script = Path(directory, "kinds.lua").read_text()
        for kind in scenarios.MIXED:
            self.assertIn(f'{{"{kind.method}", "{kind.path}", {kind.body_bytes}}}', script)


class Check(unittest.TestCase):
    def look_at(self, status, body):
        return check.look_at(SimpleNamespace(status=status, read=io.BytesIO(body).read), True)

    def test_every_byte_is_looked_at(self):
        body = check.LETTERS * 3
        self.assertEqual((None, 183), self.look_at(200, body))
        self.assertEqual("status 502", self.look_at(502, body)[0])
        self.assertIn("wrong bytes", self.look_at(200, body[:100] + b"?" + body[101:])[0])

    def test_every_size_is_there_once_in_each_turn(self):
        self.assertIsNone(check.problem_of_sizes([184], (184,)))
        self.assertEqual("183 bytes instead of 184", check.problem_of_sizes([183], (184,)))
        self.assertIsNone(check.problem_of_sizes([9, 2, 2, 9, 9], (2, 9)))
        self.assertEqual("9, 9 bytes instead of 2, 9", check.problem_of_sizes([2, 9, 9, 9], (2, 9)))

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
        values = {"LISTEN": "127.0.0.1:1", "STATS": "127.0.0.1:3", "BODY": "x", "WORKERS": "2", "BALANCE": ""}
        for template in sorted((ROOT / "loadtest/peers").iterdir()):
            with self.subTest(template.name), TemporaryDirectory() as directory:
                path = peers.fill(template.name, directory, values | {"DIRECTORY": directory}, ["127.0.0.1:2", "127.0.0.1:4"])
                lines = [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]
                self.assertNotIn("${", "\n".join(lines))
                self.assertIn("127.0.0.1:1", "\n".join(lines))

    def test_each_backend_has_its_line_and_all_are_asked_in_one_way(self):
        upstreams, (ringway, nginx, _, haproxy, _, _) = ["127.0.0.1:2", "127.0.0.1:4"], peers.known_peers(ROOT / "build")
        with TemporaryDirectory() as directory:
            for peer, lines in (
                (ringway, ['    "127.0.0.1:2",', '    "127.0.0.1:4",', 'algorithm = "least_connections"', "count = 2"]),
                (nginx, ["        server 127.0.0.1:4 max_fails=0;", "        least_conn;", "worker_processes 2;"]),
                (haproxy, ["    server s1 127.0.0.1:4 pool-purge-delay 1h pool-max-conn -1", "    balance leastconn", "    nbthread 2"]),
            ):
                peer.program = "/bin/true"
                peer.command(directory, "127.0.0.1:1", upstreams, peers.Setup(workers=2, least=True))
                text = Path(directory, peer.config).read_text()
                self.assertEqual([], [line for line in lines if line not in text.splitlines()], text)
                peer.command(directory, "127.0.0.1:1", upstreams)
                self.assertNotIn(peer.least, Path(directory, peer.config).read_text())

    def test_shards_are_as_many_as_the_peer_has_whatever_is_asked_of_the_others(self):
        (peer,) = peers.shard_peers(ROOT / "build", [8])
        with TemporaryDirectory() as directory:
            peer.command(directory, "127.0.0.1:1", ["127.0.0.1:2"])
            self.assertIn("count = 8\n", Path(directory, peer.config).read_text())

    def test_an_unknown_peer_is_named_with_those_that_exist(self):
        settings = session.Settings(build=ROOT / "build", only=["enginex"])
        with self.assertRaisesRegex(Exception, "unknown peer enginex; known are ringway, nginx, nginx\\+bulk, haproxy, haproxy\\+bulk, relay"):
            session.choose_peers(settings)


class Idle(unittest.TestCase):
    def test_what_was_not_held_is_not_met_and_the_peers_stand_beside_it(self):
        bar = memory.idle_bar({"ringway": None, "nginx": 528.4, "haproxy": None})
        self.assertEqual((False, "NOT MEASURED", "nginx 528"), (bar.met, bar.verdict(), bar.note))
        self.assertTrue(memory.idle_bar({"ringway": 1024.0, "nginx": 1.0, "haproxy": 1.0}).met)

    def test_resident_bytes_are_those_of_the_kernels_own_table(self):
        kilobytes = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
        self.assertAlmostEqual(kilobytes, idle.resident_bytes([os.getpid()]) / 1024, delta=1024)


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
                group.limit(0.4, cores=2)
                self.assertEqual(text.replace("4000", "20000").replace(" 10000", " 50000"), (group.cpu / file).read_text())

    def test_without_a_group_time_is_still_counted(self):
        group = quota.Unlimited()
        group.add(os.getpid())
        before = group.cpu_us()
        sum(range(200_000))
        self.assertGreater(group.cpu_us(), before)


class Windows(unittest.TestCase):
    def test_only_those_within_what_the_load_measured_count(self):
        answers = {"began_at": 100.0, "seconds": 10.0}
        for begins, ends, within in ((100.0, 110.0, True), (99.9, 105.0, False), (105.0, 110.1, False)):
            self.assertEqual(within, scale.Window(begins, ends, {}).is_within(answers))


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
