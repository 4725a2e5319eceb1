#!/usr/bin/env python3
"""Tests of ringway-origin as a fleet: its control port, what it counts, backends as processes, how it starts and ends."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from origin_fleet import GET, ORIGIN, WAIT_SECONDS_MAX, OriginTest, read_to_end


class ControlPort(OriginTest):
    def test_a_setting_changes_the_next_answer_on_a_connection_that_stands(self):
        fleet = self.fleet("--size", "5", backends=2)
        client = self.client(fleet, 1)
        for size in (5, 7, 0, 9):
            fleet.set(f"size={size}", backend=1)
            client.sendall(GET)
            self.assertIn(b"Content-Length: %d\r\n" % size, client.recv(4096))
        self.assertEqual(b"ABCDE", self.ask(fleet, 0)[1])

    def test_all_backends_can_be_set_at_once(self):
        fleet = self.fleet(backends=3)
        self.assertEqual(200, fleet.control("POST", "/backends?status=404")[0])
        self.assertEqual([404] * 3, [self.ask(fleet, n)[0].status for n in range(3)])

    def test_what_is_wrong_is_refused_with_its_reason_and_changes_nothing(self):
        fleet = self.fleet()
        for query, reason in (
            ("delay=10x", "delay: '10x' is not DELAY"),
            ("size=1&error_rate=2", "error_rate: '2' is not 0..1"),
            ("speed=9", "there is no setting 'speed'"),
        ):
            status, body = fleet.control("POST", f"/backends/0?{query}")
            self.assertEqual(400, status)
            self.assertTrue(json.loads(body)["error"].startswith(reason), body)
        self.assertEqual(130, len(self.ask(fleet)[1]))
        self.assertEqual(404, fleet.control("POST", "/backends/1?size=1")[0])
        self.assertEqual(404, fleet.control("GET", "/nothing")[0])
        self.assertEqual(409, fleet.control("POST", "/backends/0/kill")[0])

    def test_settings_are_told_in_the_form_they_are_taken(self):
        fleet = self.fleet("--delay", "pareto:2ms:1.5", "--idle-close", "90s", "--drip", "1k:5ms")
        settings = json.loads(fleet.control("GET", "/backends/0")[1])["settings"]
        self.assertEqual(("pareto:2ms:1.5", "90s", "1k:5ms"), (settings["delay"], settings["idle_close"], settings["drip"]))
        fleet.set("&".join(f"{name}={value}" for name, value in settings.items()))
        self.assertEqual(settings, json.loads(fleet.control("GET", "/backends/0")[1])["settings"])

    def test_the_health_verdict_can_be_turned(self):
        fleet = self.fleet("--slots", "1", "--hang-rate", "1")
        self.assertEqual(200, self.ask(fleet, target="/healthz")[0].status)
        fleet.set("health=down")
        self.assertEqual(503, self.ask(fleet, target="/healthz")[0].status)
        fleet.set("health=silent")
        client = self.client(fleet)
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        self.until(lambda: fleet.counts()["health_checks"] == 3, "the third check came")
        self.assertEqual(([], [], []), select.select([client], [], [], 0.05))
        self.assertEqual(0, fleet.counts()["requests"])

    def test_down_resets_connections_and_refuses_new_ones_until_up(self):
        fleet = self.fleet(backends=2)
        client, other = self.client(fleet), self.client(fleet, 1)
        client.sendall(GET)
        client.recv(4096)
        fleet.set("up=no")
        self.assertEqual((b"", "reset"), read_to_end(client))
        self.assertTrue(fleet.refuses())
        other.sendall(GET)
        self.assertTrue(other.recv(4096).startswith(b"HTTP/1.1 200 "))
        fleet.set("up=yes")
        self.assertEqual(200, self.ask(fleet)[0].status)


class Counting(OriginTest):
    def test_requests_connections_bodies_and_bytes_are_counted_by_backend(self):
        fleet = self.fleet("--size", "10", backends=2)
        client = self.client(fleet)
        requests = [GET, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", GET]
        received = 0
        for request in requests:
            client.sendall(request)
            received += len(client.recv(4096))
        counts, idle = fleet.counts(0), fleet.counts(1)
        self.assertEqual((3, 3, 1, 1, 1), tuple(counts[n] for n in ("requests", "answers", "bodies", "connections", "open")))
        self.assertEqual((sum(map(len, requests)), received), (counts["bytes_in"], counts["bytes_out"]))
        self.assertEqual((0, 0), (idle["requests"], idle["connections"]))
        client.close()
        self.until(lambda: fleet.counts()["open"] == 0, "it is closed")

    def test_a_request_number_that_comes_twice_is_a_duplicate_on_any_backend(self):
        fleet = self.fleet(backends=2)
        for backend, number in ((0, 1), (0, 2), (1, 3), (1, 2)):
            self.ask(fleet, backend, "POST", body=b"x", headers={"x-request-number": str(number)})
        self.assertEqual((2, 0), (fleet.counts(0)["numbered"], fleet.counts(0)["duplicates"]))
        self.assertEqual((2, 1), (fleet.counts(1)["numbered"], fleet.counts(1)["duplicates"]))
        executed = [json.loads(fleet.control("GET", f"/numbers/{n}")[1])["executed"] for n in (1, 2, 3, 4)]
        self.assertEqual([1, 2, 1, 0], executed)

    def test_a_request_whose_body_did_not_come_whole_was_not_executed(self):
        fleet = self.fleet()
        client = self.client(fleet)
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nx-request-number: 5\r\nContent-Length: 4\r\n\r\nbod")
        self.until(lambda: fleet.counts()["requests"] == 1, "the head came")
        client.close()
        self.until(lambda: fleet.counts()["gone"] == 1, "the client left")
        self.assertEqual((0, 0), (fleet.counts()["numbered"], fleet.counts()["bodies"]))

    def test_what_is_no_request_is_refused_and_counted(self):
        fleet = self.fleet()
        client = self.client(fleet)
        client.sendall(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        self.assertTrue(read_to_end(client)[0].startswith(b"HTTP/1.1 400 "))
        client.close()
        self.until(lambda: fleet.counts()["malformed"] == 1, "it is counted")
        self.assertEqual(0, fleet.counts()["requests"])

    def test_the_counts_are_printed_on_sigusr1_and_at_the_end(self):
        fleet = self.fleet("--json")
        self.ask(fleet)
        fleet.process.send_signal(signal.SIGUSR1)
        self.assertEqual('{"backends": [\n', fleet.line())
        self.assertEqual(1, json.loads(fleet.line())["requests"])
        fleet.line()
        self.ask(fleet)
        status, output = fleet.end()
        self.assertEqual(0, status)
        self.assertEqual(2, json.loads(output)["backends"][0]["requests"])

    def test_every_byte_received_is_logged_and_none_of_the_control_ports(self):
        with tempfile.TemporaryDirectory() as directory:
            log = Path(directory) / "bytes"
            fleet = self.fleet("--log-bytes", str(log))
            client = self.client(fleet)
            client.sendall(GET)
            client.recv(4096)
            client.sendall(b"not HTTP \x00 at all")
            client.sendall(b"\r\n")
            read_to_end(client)
            fleet.counts()
            fleet.end()
            self.assertEqual(GET + b"not HTTP \x00 at all\r\n", log.read_bytes())


class ManyProcesses(OriginTest):
    def test_one_can_be_killed_and_the_others_do_not_notice(self):
        fleet = self.fleet("--processes", backends=3)
        self.assertEqual(4, len({fleet.process.pid, *fleet.pids}))
        for backend in range(3):
            self.assertEqual(200, self.ask(fleet, backend)[0].status)
        client = self.client(fleet, 1)
        client.sendall(GET)
        client.recv(4096)
        os.kill(fleet.pids[1], signal.SIGKILL)
        self.assertEqual(f"backend 1 ended (pid {fleet.pids[1]}, signal 9)\n", fleet.line())
        self.assertEqual(b"", read_to_end(client)[0])
        # The kernel takes the ring of the dead down a little later, and with it the listening socket.
        self.until(lambda: fleet.refuses(1), "its port is closed")
        self.assertEqual([200, 200], [self.ask(fleet, n)[0].status for n in (0, 2)])
        self.assertEqual((2, 0), (fleet.counts(1)["requests"], fleet.counts(1)["pid"]))

    def test_one_can_be_killed_and_started_by_the_control_port_and_its_counts_go_on(self):
        fleet = self.fleet("--processes", backends=2)
        self.ask(fleet, 1)
        self.assertEqual(0, json.loads(fleet.control("POST", "/backends/1/kill")[1])["pid"])
        self.assertTrue(fleet.refuses(1))
        # Nobody else gets the port meanwhile, were it as an outgoing connection's.
        with socket.socket() as other:
            self.assertRaises(OSError, other.bind, ("127.0.0.1", fleet.ports[1]))
        self.assertEqual(409, fleet.control("POST", "/backends/1/kill")[0])
        self.assertNotEqual(0, json.loads(fleet.control("POST", "/backends/1/start")[1])["pid"])
        self.assertEqual(409, fleet.control("POST", "/backends/1/start")[0])
        self.ask(fleet, 1)
        self.assertEqual(2, fleet.counts(1)["requests"])

    def test_settings_reach_a_process_and_duplicates_are_found_across_them(self):
        fleet = self.fleet("--processes", backends=2)
        fleet.set("status=404", backend=1)
        # It looks every few milliseconds.
        self.until(lambda: self.ask(fleet, 1)[0].status == 404, "the setting holds")
        for backend in range(2):
            self.ask(fleet, backend, "POST", body=b"x", headers={"x-request-number": "9"})
        self.assertEqual(1, sum(fleet.counts(n)["duplicates"] for n in range(2)))

    def test_none_is_left_when_the_first_process_ends_or_is_killed(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            fleet = self.fleet("--processes", backends=2)
            self.ask(fleet, 0)
            fleet.process.send_signal(end)
            fleet.process.wait(WAIT_SECONDS_MAX)
            for pid in fleet.pids:
                self.until(lambda pid=pid: not is_running(pid), f"process {pid} ends")


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


class Start(OriginTest):
    def refused(self, *arguments):
        result = subprocess.run([ORIGIN, *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS_MAX)
        return result.returncode, result.stderr.strip()

    def test_a_scenario_file_sets_the_fleet_and_the_command_line_has_the_last_word(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('seed = 3\nbackends = 2\n[all]\nsize = 7\nstatus = "404"\n[backend.1]\nerror_rate = 1.0\nchunked = true\n')
            file.flush()
            fleet = self.fleet("--scenario", file.name, "--status", "201", backends=2)
            answer, body = self.ask(fleet)
            self.assertEqual((201, 7), (answer.status, len(body)))
            self.assertEqual(500, self.ask(fleet, 1)[0].status)

    def test_what_is_wrong_in_a_scenario_is_told_with_its_line(self):
        for text, reason in (
            ("[all]\nsise = 7\n", ":2: there is no setting 'sise'"),
            ("\n[backend.0]\ndelay = 7\n", ":3: delay: '7' is not DELAY"),
            ("speed = 1\n", ":1: there is no 'speed' in a scenario"),
            ("a = [\n", ": this is not TOML"),
            ("[backend.5]\nsize = 1\n", "there is no backend '5'"),
        ):
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(text)
                file.flush()
                status, error = self.refused("--scenario", file.name)
                self.assertEqual(2, status)
                self.assertIn(reason, error)

    def test_what_is_wrong_on_the_command_line_is_told(self):
        for arguments, reason in (
            (["--delay", "soon"], "delay: 'soon' is not DELAY"),
            (["--dely", "1s"], "did you mean --delay?"),
            (["--backends", "0"], "0 backends cannot be had"),
            (["--backend", "1:size=1"], "there is no backend '1', they are 0 to 0"),
            (["--listen", "here"], "'here': "),
            (["--backends", "9999"], "9999 backends cannot be had, 1 to "),
            (["--listen", "127.0.0.1:65535", "--backends", "2"], "there are no 2 ports from 65535 on"),
        ):
            status, error = self.refused(*arguments)
            self.assertIn(status, (1, 2))
            self.assertIn(reason, error)

    def test_a_backend_may_listen_on_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [ORIGIN, "--listen", f"unix:{folder}/backend.sock", "--backends", "1", "--size", "5"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as origin:
                self.assertIn("listens on unix:", origin.stdout.readline())
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(WAIT_SECONDS_MAX)
                    client.connect(f"{folder}/backend.sock")
                    client.sendall(GET)
                    self.assertIn(b"Content-Length: 5\r\n", client.recv(4096))
                origin.terminate()
                self.assertEqual(0, origin.wait(WAIT_SECONDS_MAX))

    def test_a_port_that_is_taken_is_named(self):
        fleet = self.fleet()
        status, error = self.refused("--listen", f"127.0.0.1:{fleet.ports[0]}")
        self.assertEqual(1, status)
        self.assertIn(f"cannot listen on 127.0.0.1:{fleet.ports[0]}: Address already in use", error)

    def test_ends_with_0_and_closes_everything_while_requests_are_under_way(self):
        fleet = self.fleet("--delay", "1h")
        clients = [self.client(fleet) for _ in range(20)]
        for client in clients:
            client.sendall(GET)
        self.until(lambda: fleet.counts()["active"] == 20, "all are under way")
        self.assertEqual(0, fleet.end()[0])


class Robustness(OriginTest):
    def test_clients_that_reset_at_any_byte_leave_nothing_behind(self):
        fleet = self.fleet("--size", "100k", "--drip", "10k:1ms")
        request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n" + b"x" * 20
        for count in range(len(request) + 1):
            client = fleet.connect()
            client.sendall(request[:count])
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.until(lambda: fleet.counts()["open"] == 0, "all are closed")
        counts = fleet.counts()
        self.assertEqual((len(request) + 1, 0), (counts["connections"], counts["active"]))
        self.assertEqual(102400, len(self.ask(fleet)[1]))
        self.assertEqual(0, fleet.end()[0])


if __name__ == "__main__":
    unittest.main()
