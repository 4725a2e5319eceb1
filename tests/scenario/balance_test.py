#!/usr/bin/env python3
"""Which backend is asked, on the real program with several shards: by key, by tier and zone, by load, after a recovery."""

import re
import shutil
import signal
import subprocess
import time
import unittest

from fleet import Client, Fleet, ask_once
from world import BUILD, WAIT_SECONDS_MAX, Ringway, Scenario, eventually

SHARDS = 4
USERS = [f"user-{number}" for number in range(40)]
HOSTS = [f"127.0.{number}.9" for number in range(1, 41)]


class Balance(Scenario):
    def begin(self, count, group, *arguments, tables=None, **options):
        """A fleet, and `self.ringway` before it. `tables` is what there is to say of each backend."""
        self.fleet = Fleet(count, *arguments)
        self.addCleanup(self.fleet.close)
        self.backends = self.fleet.ports
        if tables:
            self.backends = [
                f'{{ address = "127.0.0.1:{port}"{more} }}' for port, more in zip(self.fleet.ports, tables, strict=True)
            ]
        self.ringway = self.another(group, **options)
        return self.ringway

    def another(self, group, backends=None, shards=SHARDS, more=""):
        ringway = Ringway(backends or self.backends, shards=shards, group=group, more=more)
        self.addCleanup(ringway.close)
        return ringway.wait_until_up()

    def tearDown(self):
        self.assert_orderly_end()

    def reached(self, times=60):
        """By that many requests on connections of their own."""
        return {ask_once(self.ringway)[0] for _ in range(times)}

    def eventually_only(self, expected, what):
        eventually(lambda: self.reached(20) == expected, what)
        self.assertEqual(self.reached(), expected, what)


class Hashes(Balance):
    """The same key, the same backend: on every shard, every ringway, in every order, after every restart."""

    def map_users(self, ringway):
        return {user: ask_once(ringway, x_user=user)[0] for user in USERS}

    def map_hosts(self, ringway):
        return {host: ask_once(ringway, host)[0] for host in HOSTS}

    def picked_offline(self, ringway, key, *arguments):
        config = f"{ringway.folder.name}/ringway.toml"
        command = [BUILD / "ringway", "route", "--pick", config, "web", key, *arguments]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return self.fleet.ports.index(int(re.search(r"^picked: 127\.0\.0\.1:(\d+)$", said, re.MULTILINE)[1]))

    def check(self, group, mapped):
        self.begin(5, group)
        expected = mapped(self.ringway)
        self.assertEqual(len(set(expected.values())), 5)
        self.assertEqual(mapped(self.ringway), expected, "asked again")
        other = self.another(group, self.fleet.ports[::-1], shards=1)
        self.assertEqual(mapped(other), expected, "another ringway, the backends in another order")
        self.assertEqual(other.end(), 0)
        self.assertEqual(self.ringway.end(), 0)
        self.ringway = self.another(group)
        self.assertEqual(mapped(self.ringway), expected, "after a restart")
        for key in list(expected)[:8]:
            self.assertEqual(self.picked_offline(self.ringway, key), expected[key], "route --pick knows")
        return expected

    def check_loss(self, expected, mapped):
        """One dies: its own keys move, to where route --pick says; it comes back, and they with it."""
        lost = expected[next(iter(expected))]
        self.fleet.kill(lost)
        after = mapped(self.ringway)
        for key, backend in expected.items():
            self.assertEqual(after[key] == backend, backend != lost, key)
        key = next(iter(expected))
        down = f"127.0.0.1:{self.fleet.ports[lost]}"
        self.assertEqual(self.picked_offline(self.ringway, key, "--down", down), after[key])
        self.fleet.start(lost)
        eventually(lambda: mapped(self.ringway) == expected, "the keys come back with their backend")

    def test_maglev(self):
        expected = self.check('algorithm = "maglev"\nkey = "header:x-user"', self.map_users)
        self.check_loss(expected, self.map_users)

    def test_ring_hash(self):
        expected = self.check('algorithm = "ring_hash"\nkey = "header:x-user"', self.map_users)
        self.check_loss(expected, self.map_users)

    def test_ip_hash(self):
        expected = self.check('algorithm = "ip_hash"', self.map_hosts)
        self.check_loss(expected, self.map_hosts)

    def test_clients_of_one_network_stay_together(self):
        self.begin(4, 'algorithm = "ip_hash"\nkey_prefix_v4 = 24')
        first = ask_once(self.ringway, "127.0.7.1")[0]
        self.assertEqual({ask_once(self.ringway, f"127.0.7.{host}")[0] for host in range(2, 40)}, {first})


class Tiers(Balance):
    def check_standby(self, first, standby, **options):
        """Those of `standby` are asked while nobody else can be, and only then."""
        self.begin(len(first | standby), "", **options)
        self.eventually_only(first, "who comes first is asked")
        one, *others = sorted(first)
        self.fleet.kill(one)
        self.assertLessEqual(self.reached(), set(others), "the others of the same rank do it")
        for backend in others:
            self.fleet.kill(backend)
        self.assertEqual(self.reached(), standby, "nobody else is left, from the first request on")
        for backend in first:
            self.fleet.start(backend)
        self.eventually_only(first, "those before them are back")

    def test_a_backup_works_while_all_others_are_dead(self):
        self.check_standby({0, 1}, {2}, tables=["", "", ", backup = true"])

    def test_a_tier_works_while_those_below_are_dead(self):
        self.check_standby({1, 2}, {0, 3}, tables=[", tier = 4", "", "", ", tier = 4"])

    def test_another_zone_works_while_the_own_is_dead(self):
        zones = [', zone = "there"', ', zone = "here"', ', zone = "here"', ""]
        self.check_standby({1, 2}, {0, 3}, tables=zones, more='zone = "here"')

    def test_dead_backends_cost_no_request(self):
        """Two die, and there is a backup: from the first request on it answers, and being knocked at every second costs nobody an answer."""
        self.begin(3, "timeout.connect = '10s'", tables=["", "", ", backup = true"])
        self.eventually_only({0, 1}, "the primaries are asked")
        self.fleet.kill(0)
        self.fleet.kill(1)
        asked, until = 0, time.monotonic() + 4
        while time.monotonic() < until:
            self.assertEqual(ask_once(self.ringway)[0], 2)
            asked += 1
        print(f"two dead backends and a backup: {asked} requests in 4 s, all answered", flush=True)
        self.fleet.start(0)
        self.eventually_only({0}, "one is back")

    def test_refusals_cost_no_attempt_however_many_are_dead(self):
        """Nine of ten die at once; nothing may be tried again on the budget's account."""
        self.begin(10, "retry = { budget = '0%', budget_floor = 0 }")
        self.eventually_only(set(range(10)), "all are asked")
        for backend in range(9):
            self.fleet.kill(backend)
        self.assertEqual(self.reached(), {9}, "the tenth answers everything")


class Loads(Balance):
    def wrk(self, connections=40, seconds=2, meanwhile=None):
        """How many answers it got. It ends when `meanwhile` does, where there is something."""
        if shutil.which("wrk") is None:
            self.skip("wrk is not installed")
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "20s"]
        load = subprocess.Popen([*command, f"http://127.0.0.1:{self.ringway.port}/"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(load.communicate)
        self.addCleanup(load.kill)
        if meanwhile:
            meanwhile()
            load.send_signal(signal.SIGINT)
        said, _ = load.communicate(timeout=seconds + WAIT_SECONDS_MAX)
        self.assertEqual(load.returncode, 0, said)
        self.assertNotIn("Socket errors", said)
        self.assertNotIn("Non-2xx", said)
        return int(re.search(r"(\d+) requests in", said)[1])

    def check_all_answered(self, algorithm):
        self.begin(4, f'algorithm = "{algorithm}"', "--delay", "uniform:0ms:4ms")
        answered = self.wrk()
        self.assertGreater(answered, 200)
        shares = [count / sum(self.fleet.requests()) for count in self.fleet.requests()]
        print(f"{algorithm}: {answered} answers, shares {' '.join(f'{share:.3f}' for share in shares)}", flush=True)
        return shares

    def test_first_answers_everything_and_asks_the_first(self):
        self.assertEqual(self.check_all_answered("first")[0], 1)

    def test_random_answers_everything(self):
        self.assertGreater(min(self.check_all_answered("random")), 0.2)

    def test_power_of_two_answers_everything(self):
        self.assertGreater(min(self.check_all_answered("power_of_two")), 0.2)

    def test_least_time_answers_everything(self):
        self.assertGreater(min(self.check_all_answered("least_time")), 0.05)

    def test_peak_ewma_answers_everything(self):
        self.assertGreater(min(self.check_all_answered("peak_ewma")), 0.05)

    def test_least_connections_gives_a_slow_backend_no_more_to_do_than_another(self):
        """Of 32 requests at a time a quarter, and a few more because four shards share them. In turns it would be 28."""
        self.begin(4, 'algorithm = "least_connections"', "--delay", "5ms", "--backend", "2:delay=100ms")
        self.wrk(connections=32)
        slow = self.fleet.counts()[2]
        share = slow["requests"] / sum(self.fleet.requests())
        print(f"least_connections: {share:.2%} of all on the slow one, {slow['active_max']} at a time", flush=True)
        self.assertGreater(slow["requests"], 0)
        self.assertLess(slow["active_max"], 20)

    def test_who_came_back_gets_its_share_step_by_step(self):
        """By a straight curve of 3 s. When exactly it began is not known, nor when a request was: what it got must lie
        between what is right for the earliest and for the latest of both."""
        self.begin(3, 'slow_start = "3s"', shards=1)
        self.fleet.kill(1)
        self.assertNotIn(1, self.reached(9))
        began_after = time.monotonic()
        self.fleet.start(1)
        client = Client(self.ringway)
        began_before, got, least, most = None, 0, 0, 0
        shares = []
        while began_before is None or time.monotonic() < began_before + 4.5:
            asked = time.monotonic()
            self.assertLess(asked, began_after + WAIT_SECONDS_MAX, "it is not asked again")
            got += client.ask() == 1
            answered = time.monotonic()
            if began_before is None:
                began_before = answered if got else None
                continue
            least += self.share_after(asked - began_before)
            most += self.share_after(answered - began_after)
            shares.append(f"{got} in [{least:.1f}, {most:.1f}]")
            self.assertTrue(0.9 * least - 3 <= got <= 1.1 * most + 3, shares[-1])
        client.close()
        print(f"slow start: {'; '.join(shares[:: len(shares) // 5])}", flush=True)

    @staticmethod
    def share_after(seconds):
        """Of one that came back so long ago, beside two that have all their weight."""
        factor = min(max(seconds / 3, 0.05), 1)
        return factor / (2 + factor)

    def test_a_share_that_moves_opens_connections_at_the_bounded_rate(self):
        """Of two backends one dies under 40 clients: the other's 20 new connections come 40 a second, and nobody's request fails."""
        rate, burst = 40, 4
        group = f"pool.connects_per_second = {rate}\nretry.budget_floor = 1000\ntimeout.connect = '10s'"
        self.begin(2, group, "--delay", "300ms", shards=2)
        opened, seconds = 0, 0.0

        def lose_one():
            nonlocal opened, seconds
            eventually(lambda: sum(map(self.fleet.connections, (0, 1))) >= 36, "each client has a connection behind it")
            before, begun = self.fleet.connections(1), time.monotonic()
            self.fleet.kill(0)
            while opened < 16:
                opened = self.fleet.connections(1) - before
                seconds = time.monotonic() - begun
                self.assertLess(seconds, WAIT_SECONDS_MAX, f"{opened} were opened")
                self.assertLessEqual(opened, burst + rate * seconds + 4)

        self.wrk(40, 60, meanwhile=lose_one)
        print(f"connections at a bounded rate: {opened} within {seconds:.2f} s of a backend's death", flush=True)


if __name__ == "__main__":
    unittest.main()
