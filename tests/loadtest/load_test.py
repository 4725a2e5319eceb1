#!/usr/bin/env python3
"""Tests of ringway-load, against ringway-origin: what it counts is what the origin counted, and every kind of wrong answer is told."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from origin_fleet import OriginTest

LOAD = Path(__file__).resolve().parents[2] / "build/ringway-load"
RUN_SECONDS_MAX = 60
PATTERN_130_HASH = "68d6dfac114f2b49"  # As xxh64sum prints it.
CLEAN, REFUSED, USAGE, UNCLEAN = 0, 1, 2, 3


def run(*arguments):
    return subprocess.run([LOAD, *map(str, arguments)], capture_output=True, text=True, timeout=RUN_SECONDS_MAX)


class LoadTest(OriginTest):
    def load(self, target, *arguments, status=CLEAN, duration="300ms"):
        """The result of a short load; `target` is a fleet or a port."""
        port = target if isinstance(target, int) else target.ports[0]
        done = run(f"http://127.0.0.1:{port}/", "-d", duration, "--json", "-", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        errors = result["errors"]
        failed = sum(errors[kind] for kind in ("connect", "read", "write", "timeout", "status", "wrong_length", "wrong_bytes", "malformed", "unnamed"))
        self.assertEqual(result["sent"], result["answered"] + failed + errors["unfinished"])
        self.assertEqual(result["latency_ms"]["count"], result["answered"])
        return result

    def only(self, result, *kinds):
        """These errors happened and no others."""
        self.assertEqual({kind for kind, count in result["errors"].items() if count}, set(kinds))


class ClosedLoop(LoadTest):
    def test_counts_what_the_origin_counted(self):
        fleet = self.fleet()
        result = self.load(fleet, "-c", 16)
        self.assertGreater(result["answered"], 10)
        counts = fleet.counts()
        self.assertEqual(counts["answers"], result["answered"])
        self.assertEqual(counts["bytes_out"], result["bytes_in"])
        self.assertEqual(counts["bytes_in"], result["bytes_out"])
        # One that tries whether anybody is there, and the sixteen.
        self.assertEqual((counts["connections"], result["connects"]), (17, 16))
        self.assertEqual(result["backends"], {})
        self.only(result)

    def test_a_connection_per_request(self):
        fleet = self.fleet()
        result = self.load(fleet, "-c", 4, "--close")
        self.assertGreater(result["answered"], 4)
        self.assertEqual(fleet.counts()["connections"], result["answered"] + 1)

    def test_several_threads_share_the_connections(self):
        fleet = self.fleet()
        result = self.load(fleet, "-c", 7, "-t", 3)
        self.assertEqual((result["threads"], result["connects"]), (3, 7))
        self.assertEqual(fleet.counts()["answers"], result["answered"])

    def test_uploads_arrive_whole(self):
        fleet = self.fleet()
        result = self.load(fleet, "-c", 3, "-X", "POST", "--body", "100k", "--timeout", "30s", "--grace", "30s")
        counts = fleet.counts()
        self.assertGreater(result["answered"], 0)
        self.assertEqual(counts["bodies"], result["answered"])
        self.assertGreaterEqual(counts["bytes_in"], result["answered"] * 100 * 1024)

    def test_think_time_holds_the_rate_down(self):
        result = self.load(self.fleet(), "-c", 2, "--think", "50ms", duration="1s")
        self.assertGreater(result["answered"], 2)
        self.assertLessEqual(result["answered"], 2 * (1 + 1000 // 50))

    def test_a_warm_up_is_not_counted(self):
        fleet = self.fleet()
        result = self.load(fleet, "-c", 2, "--warmup", "500ms", duration="100ms")
        self.assertGreater(fleet.counts()["answers"], result["answered"])


class Numbered(LoadTest):
    def test_every_request_has_a_number_of_its_own(self):
        fleet = self.fleet()
        first = self.load(fleet, "-c", 4, "-t", 2, "-X", "POST", "--number", 1)
        counts = fleet.counts()
        self.assertEqual((counts["numbered"], counts["duplicates"]), (first["answered"], 0))
        # The same numbers once more are the same requests.
        self.load(fleet, "-c", 4, "-X", "POST", "--number", 1)
        self.assertGreater(fleet.counts()["duplicates"], 0)


class ManyConnections(LoadTest):
    def test_come_from_several_addresses(self):
        server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.addCleanup(server.close)
        port = server.getsockname()[1]
        load = subprocess.Popen([LOAD, f"http://127.0.0.1:{port}/", "-c", "6", "--sources", "3", "-d", "100ms", "--grace", "0"], stdout=subprocess.DEVNULL)
        self.addCleanup(load.wait)
        server.settimeout(RUN_SECONDS_MAX)
        clients = [server.accept() for _ in range(7)]  # The first only tries whether anybody is there.
        self.assertEqual(sorted(address[0] for _, address in clients[1:]), ["127.0.0.1"] * 2 + ["127.0.0.2"] * 2 + ["127.0.0.3"] * 2)
        for client, _ in clients:
            client.close()

    def test_more_than_a_table_of_descriptors_holds(self):
        """The limit is made small, so that the threads have to have tables of their own."""
        fleet = self.fleet()
        command = ["prlimit", "--nofile=600:600", LOAD, f"http://127.0.0.1:{fleet.ports[0]}/", "-c", 1500, "--active", "10%", "--rate", "200/s", "-d", "1s", "--json", "-"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
        self.assertEqual(done.returncode, CLEAN, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["threads"], result["connects"]), (5, 1500))
        self.assertAlmostEqual(result["sent"], 200, delta=5)
        # Each was asked once before.
        self.assertEqual(fleet.counts()["answers"], result["answered"] + 1500)


class Terminal(LoadTest):
    def start(self, fleet, *arguments, **how):
        command = [LOAD, f"http://127.0.0.1:{fleet.ports[0]}/", "-c", "2", "-d", "1h", "--json", "-", *arguments]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how)
        self.addCleanup(load.communicate)
        self.addCleanup(load.kill)
        return load

    def test_an_interrupt_ends_it_and_the_result_is_told(self):
        fleet = self.fleet()
        load = self.start(fleet)
        self.until(lambda: fleet.counts()["answers"] > 100, "the load does not begin")
        load.send_signal(signal.SIGINT)
        output, _ = load.communicate(timeout=RUN_SECONDS_MAX)
        result = json.loads(output)
        self.assertTrue(result["stopped"])
        self.assertEqual(result["answered"], fleet.counts()["answers"])
        self.assertEqual(load.returncode, CLEAN)
        # Of the rate, which is over the time that it was.
        self.assertAlmostEqual(result["rate"] * result["seconds"], result["answered"], delta=0.5 * result["answered"])

    def test_shows_its_progress_on_a_terminal_only(self):
        terminal, stderr = os.openpty()
        self.addCleanup(os.close, terminal)
        load = self.start(self.fleet(), stderr=stderr)
        os.close(stderr)
        self.assertRegex(os.read(terminal, 1000).decode(), r"s +[\d,]+/s  p50 +[\d.]+  p99 +[\d.]+ ms  errors 0")
        load.send_signal(signal.SIGTERM)
        output, _ = load.communicate(timeout=RUN_SECONDS_MAX)
        self.assertGreaterEqual(len(json.loads(output)["series"]), 1)
        # `run` has no terminal.
        self.assertEqual(run(f"http://127.0.0.1:{self.fleet().ports[0]}/", "-d", "1200ms").stderr, "")


    def test_shows_how_many_connections_stand_while_they_are_made(self):
        terminal, stderr = os.openpty()
        self.addCleanup(os.close, terminal)
        load = self.start(self.fleet("--hang-rate", "1"), "--active", "50%", stderr=stderr)
        os.close(stderr)
        self.assertRegex(os.read(terminal, 1000).decode(), r"ramp +0 of 2 connections")
        load.send_signal(signal.SIGTERM)


class OpenLoop(LoadTest):
    def test_offers_the_rate_that_was_asked_for(self):
        for arrivals, least, most in (("even", 500, 500), ("poisson", 400, 600)):
            result = self.load(self.fleet(), "-c", 200, "--rate", "500/s", "--arrivals", arrivals, duration="1s")
            self.assertTrue(least <= result["sent"] <= most, result["sent"])

    def test_waiting_for_a_connection_is_part_of_the_latency(self):
        """One connection, 20 ms an answer, twice as many requests as fit: a closed loop would see 20 ms for ever."""
        fleet = self.fleet("--delay", "20ms")
        result = self.load(fleet, "-c", 1, "--rate", "100/s", status=UNCLEAN, duration="1s")
        self.only(result, "unsent")
        self.assertEqual(result["sent"] + result["errors"]["unsent"], 100)
        self.assertGreater(result["latency_ms"]["max"], 200)
        self.assertGreater(result["sent_late_ms"]["max"], 200)


SCENARIO = """
connections = 64
rate = "200/s"
arrivals = "poisson"
duration = "1s"
[[request]]
name = "page"
weight = 3
expect_body = "pattern"
expect_length = 130
[[request]]
method = "POST"
path = "/upload"
body = "3k"
headers = ["X-Request-Number: 7"]
"""


class Scenario(LoadTest):
    def write(self, text):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = Path(directory.name) / "load.toml"
        path.write_text(text)
        return path

    def test_mixes_kinds_of_requests(self):
        fleet = self.fleet()
        path = self.write(f'url = "http://127.0.0.1:{fleet.ports[0]}/"\n' + SCENARIO)
        done = run("--scenario", path, "--json", "-")
        self.assertEqual(done.returncode, CLEAN, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        page, upload = result["requests"]
        self.assertEqual((page["name"], upload["name"]), ("page", "POST /upload"))
        self.assertEqual(page["answered"] + upload["answered"], result["answered"])
        self.assertGreater(page["answered"], upload["answered"])
        self.assertEqual(fleet.counts()["bodies"], upload["answered"])
        self.assertEqual(fleet.counts()["numbered"], upload["answered"])
        self.assertTrue(130 < result["sent"] < 270, result["sent"])

    def test_what_stands_on_the_command_line_holds(self):
        fleet = self.fleet()
        path = self.write('url = "http://127.0.0.1:1/"\nconnections = 3\nduration = "1h"\n')
        result = self.load(fleet, "--scenario", path, "-c", 5)
        self.assertEqual(result["connects"], 5)

    def test_says_the_line_of_what_is_wrong(self):
        for text, why in (
            ('connections = 1\nrates = "5k"\n', ":2: there is no 'rates' in a load; did you mean 'rate'?"),
            ('connections = "many"\n', ":1: 'many' is not a number"),
            ("[request]\n", ":1: [[request]] is expected here"),
            ("close = 3\n", ":1: '3' is not yes or no"),
            ('[[request]]\npath = "/"\nwait = 3\n', ":3: there is no 'wait' in a request"),
            ("connections = [1]\n", ":1: a text, a number"),
            ("connections = \n", "this is not TOML"),
            ('rate = "fast"\nurl = "127.0.0.1"', "'fast' is not a rate"),
        ):
            done = run("--scenario", self.write(text))
            self.assertEqual(done.returncode, USAGE, text)
            self.assertIn(why, done.stderr)
        done = run("--scenario", "/")
        self.assertIn("/: cannot be read", done.stderr)
        done = run("--scenario", self.write('url = "127.0.0.1"\n[[request]]\npath = "/"\n'), "-X", "POST")
        self.assertIn("in the scenario, or on the command line", done.stderr)


class WebSockets(LoadTest):
    def server(self, answer=lambda payload: payload):
        """Echoes messages, a ping before every tenth; a thread for each connection."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def accept():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=(client, answer), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return server.getsockname()[1]

    def test_every_message_comes_back(self):
        for size in (5, 1000, 70000):
            result = self.load(self.server(), "-c", 2, "--websocket", "--body", size, "--grace", "30s", "--timeout", "30s")
            self.assertGreater(result["answered"], 1)
            self.assertEqual(result["connects"], 2)
            self.only(result)

    def test_a_message_that_comes_back_changed(self):
        self.only(self.load(self.server(lambda payload: payload[::-1]), "--websocket", "--body", 10, status=UNCLEAN), "wrong_bytes")
        self.only(self.load(self.server(lambda payload: payload[1:]), "--websocket", "--body", 1, status=UNCLEAN), "wrong_length")

    def test_a_server_that_will_not_be_one(self):
        result = self.load(self.fleet(), "--websocket", "--body", 10, "--ramp", "300ms", status=UNCLEAN)
        self.only(result, "connects_failed")


def echo(client, answer):
    stream = client.makefile("rb")
    try:
        while stream.readline().strip():
            pass
        client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        number = 0
        while (message := read_message(stream)) is not None:
            kind, payload = message
            if kind != 2:
                continue  # The answer to a ping.
            number += 1
            client.sendall((frame(0x89, b"ping") if number % 10 == 0 else b"") + frame(0x82, answer(payload)))
    except OSError:
        pass
    client.close()


def read_message(stream):
    head = stream.read(2)
    if len(head) < 2:
        return None
    size = head[1] & 0x7F
    if size > 125:
        size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
    mask = stream.read(4)
    payload = stream.read(size)
    unmasked = int.from_bytes(payload, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head[0] & 0x0F, unmasked.to_bytes(size, "big")


def frame(first, payload):
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    long = size > 0xFFFF
    return bytes([first, 127 if long else 126]) + size.to_bytes(8 if long else 2, "big") + payload


class SlowClients(LoadTest):
    def test_a_request_that_drips_arrives_whole(self):
        fleet = self.fleet()
        # 42 bytes of head, of 20 each 50 ms, and 40 of body.
        result = self.load(fleet, "-c", 2, "-X", "POST", "--body", 40, "--drip", "20:50ms", "--grace", "30s", "--timeout", "30s", duration="1s")
        self.assertGreater(result["answered"], 0)
        self.assertEqual(fleet.counts()["bodies"], result["answered"])
        self.assertGreater(result["latency_ms"]["min"], 200)

    def test_an_answer_that_is_read_slowly_is_still_right(self):
        fleet = self.fleet("--size", "200000")
        result = self.load(fleet, "-c", 2, "--slow-read", "20ms", "--expect-body", "pattern", "--expect-length", 200000, "--grace", "30s", "--timeout", "30s", duration="1s")
        self.assertGreater(result["answered"], 0)
        # At 16 KiB a read, twelve pauses.
        self.assertGreater(result["latency_ms"]["min"], 12 * 20)


class WrongAnswers(LoadTest):
    def test_status(self):
        self.only(self.load(self.fleet("--status", "503"), status=UNCLEAN), "status")
        self.only(self.load(self.fleet("--status", "404"), "--expect-status", 404))

    def test_length(self):
        self.only(self.load(self.fleet("--size", "130"), "--expect-length", 130))
        self.only(self.load(self.fleet("--size", "131"), "--expect-length", 130, status=UNCLEAN), "wrong_length")

    def test_bytes(self):
        for size, chunked in ((130, "no"), (300000, "no"), (300000, "yes")):
            fleet = self.fleet("--size", str(size), "--chunked", chunked)
            self.only(self.load(fleet, "--expect-body", "pattern", "--expect-length", size))
        self.only(self.load(self.fleet("--echo", "yes"), "--expect-body", "pattern", status=UNCLEAN), "wrong_bytes")

    def test_hash(self):
        fleet = self.fleet("--size", "130")
        self.only(self.load(fleet, "--expect-body", f"xxh64:{PATTERN_130_HASH}"))
        self.only(self.load(fleet, "--expect-body", f"xxh64:{PATTERN_130_HASH[::-1]}", status=UNCLEAN), "wrong_bytes")

    def test_which_backend(self):
        fleet = self.fleet()
        result = self.load(fleet, "--expect-backend-header", "X-Backend")
        self.assertEqual(result["backends"], {"0": result["answered"]})
        self.only(self.load(fleet, "--expect-backend-header", "Served-By", status=UNCLEAN), "unnamed")
        names = [b'web "a"', b"web b"]
        port = self.scripted(lambda n: b"HTTP/1.1 200 OK\r\nServed-By: " + names[n % 2] + b"\r\nContent-Length: 0\r\n\r\n")
        result = self.load(port, "-c", 1, "--expect-backend-header", "served-by")
        self.assertEqual(set(result["backends"]), {'web "a"', "web b"})
        self.assertEqual(sum(result["backends"].values()), result["answered"])

    def test_two_backends_that_do_not_say_the_same(self):
        """What a proxy that mixes answers up would look like: every other body differs from the first."""
        bodies = [b"one body here", b"another  body"]
        port = self.scripted(lambda n: b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + bodies[n % 2])
        result = self.load(port, "-c", 1, "--expect-body", "same", status=UNCLEAN)
        self.only(result, "wrong_bytes")
        self.assertGreater(result["answered"], 0)

    def test_an_answer_cut_short_and_a_reset(self):
        for fault in ("cut", "reset"):
            fleet = self.fleet("--size", "1000", "--fault", fault, "--fault-bytes", "500")
            self.only(self.load(fleet, status=UNCLEAN), "read")

    def test_what_is_no_http(self):
        self.only(self.load(self.fleet("--fault", "garbage"), status=UNCLEAN), "malformed")

    def test_bytes_behind_the_answer(self):
        fleet = self.fleet("--fault", "short_length", "--fault-bytes", "10")
        self.only(self.load(fleet, status=UNCLEAN), "wrong_bytes")

    def test_silence(self):
        result = self.load(self.fleet("--hang-rate", "1"), "--timeout", "1s", "--grace", "30s", status=UNCLEAN)
        self.only(result, "timeout")

    def test_what_is_still_on_its_way_at_the_end(self):
        result = self.load(self.fleet("--hang-rate", "1"), "-c", 3, "--grace", "0", status=UNCLEAN)
        self.only(result, "unfinished")
        self.assertEqual(result["errors"]["unfinished"], 3)

    def scripted(self, answer):
        """A server for one connection at a time that answers every head with what `answer` makes of its number."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            number = 0
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                while data := receive_head(client):
                    client.sendall(answer(number))
                    number += data.count(b"\r\n\r\n")
                client.close()

        threading.Thread(target=serve, daemon=True).start()
        return server.getsockname()[1]


def receive_head(client):
    data = b""
    try:
        while not data.endswith(b"\r\n\r\n"):
            piece = client.recv(65536)
            if not piece:
                return b""
            data += piece
    except OSError:
        return b""
    return data


if __name__ == "__main__":
    unittest.main()
