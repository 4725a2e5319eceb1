#!/usr/bin/env python3
"""Sticky cookies, as clients meet them: who has one stays, and who has a bad one gets a good one."""

import random
import re
import tempfile
import unittest
from pathlib import Path

from cookie import Key, siphash
from fleet import Client, Fleet, ask_once
from world import Ringway, Scenario, eventually

BACKENDS = 4
TTL_SECONDS = 1000
FIRST = Key(7, "000102030405060708090a0b0c0d0e0f")
SECOND = Key(200, "f0e1d2c3b4a5968778695a4b3c2d1e0f")


class Sticky(Scenario):
    def setUp(self):
        self.fleet = Fleet(BACKENDS)
        self.addCleanup(self.fleet.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.ringway = self.begin(FIRST)

    def tearDown(self):
        self.assert_orderly_end()

    def begin(self, *keys, ports=None, shards=4):
        """A ringway that knows these keys, of which the first signs; none: it draws one."""
        where = ""
        if keys:
            file = self.folder / f"keys-{'-'.join(str(key.number) for key in keys)}"
            file.write_text("# the first signs\n" + "".join(key.line() for key in keys))
            where = f', key_file = "{file}"'
        sticky = f'sticky = {{ cookie = "ringway", ttl = "{TTL_SECONDS}s"{where} }}'
        ringway = Ringway(ports or self.fleet.ports, shards=shards, group=sticky)
        self.addCleanup(ringway.close)
        return ringway.wait_until_up()

    def value(self, set_cookie):
        self.assertIsNotNone(set_cookie, "no cookie was set")
        found = re.fullmatch(rf"ringway=([0-9a-f]{{44}}); Max-Age={TTL_SECONDS}; Path=/; HttpOnly; SameSite=Lax", set_cookie)
        self.assertTrue(found, set_cookie)
        return found[1]

    def first_cookie(self, ringway=None):
        """Of a client that has none: (backend, value)."""
        backend, set_cookie = ask_once(ringway or self.ringway)
        return backend, self.value(set_cookie)

    def name(self, backend):
        return f"127.0.0.1:{self.fleet.ports[backend]}"

    def assert_kept(self, ringway, value, backend):
        """As many connections as reach every shard; nothing is set anew."""
        for _ in range(10):
            client = Client(ringway)
            for _ in range(5):
                self.assertEqual(client.ask(cookie=f"a=b; ringway={value}; c=d"), backend)
                self.assertIsNone(client.set_cookie)
            client.close()

    def assert_renewed(self, ringway, value, backend):
        found, set_cookie = ask_once(ringway, cookie=f"ringway={value}")
        self.assertEqual(found, backend)
        renewed = self.value(set_cookie)
        self.assert_kept(ringway, renewed, backend)
        return renewed

    def assert_replaced(self, ringway, value):
        """It counts for nothing: the client is sent wherever, and told so."""
        reached = set()
        for _ in range(64):
            backend, set_cookie = ask_once(ringway, cookie=f"ringway={value}")
            self.assertNotEqual(self.value(set_cookie), value)
            reached.add(backend)
            if len(reached) > 1:
                return
        self.fail(f"{value} is believed")

    def test_the_hash_is_that_of_the_paper(self):
        """Else nothing here would prove anything."""
        self.assertEqual(siphash((0x0706050403020100, 0x0F0E0D0C0B0A0908), bytes(range(15))), 0xA129CA6149BE45E5)

    def test_who_has_one_stays_and_who_has_none_goes_anywhere(self):
        seen = {}
        while len(seen) < BACKENDS:
            backend, value = self.first_cookie()
            seen[backend] = value
        for backend, value in seen.items():
            self.assert_kept(self.ringway, value, backend)

    def test_it_says_what_its_description_says(self):
        for backend in range(BACKENDS):
            self.assert_kept(self.ringway, FIRST.cookie(self.name(backend), TTL_SECONDS), backend)

    def test_it_shows_no_address(self):
        _, set_cookie = ask_once(self.ringway)
        for port in self.fleet.ports:
            self.assertNotIn(f"{port:04x}", self.value(set_cookie)[:12])
            self.assertNotIn(str(port), set_cookie)

    def test_it_survives_a_restart_with_the_same_keys_and_no_other(self):
        backend, value = self.first_cookie()
        self.assertEqual(self.ringway.end(), 0)
        self.ringway = self.begin(FIRST)
        self.assert_kept(self.ringway, value, backend)
        self.assertEqual(self.ringway.end(), 0)
        self.ringway = self.begin()
        self.assert_replaced(self.ringway, value)

    def test_another_ringway_reads_it_whatever_the_order_of_its_backends(self):
        other = self.begin(FIRST, ports=self.fleet.ports[::-1], shards=1)
        for here, there in ((self.ringway, other), (other, self.ringway)):
            backend, value = self.first_cookie(here)
            self.assert_kept(there, value, backend)

    def test_keys_are_changed_without_losing_anybody(self):
        backend, value = self.first_cookie()
        both = self.begin(SECOND, FIRST)
        renewed = self.assert_renewed(both, value, backend)
        self.assertTrue(renewed.startswith("c8"), renewed)
        later = self.begin(SECOND)
        self.assert_kept(later, renewed, backend)
        self.assert_replaced(later, value)

    def test_it_is_renewed_when_half_its_time_is_over(self):
        fresh = FIRST.cookie(self.name(1), TTL_SECONDS // 2 + 60)
        self.assert_kept(self.ringway, fresh, 1)
        self.assert_renewed(self.ringway, FIRST.cookie(self.name(1), TTL_SECONDS // 2 - 60), 1)
        self.assert_renewed(self.ringway, FIRST.cookie(self.name(1), 60), 1)

    def test_what_is_expired_unknown_or_signed_by_another_is_replaced(self):
        for value in (
            FIRST.cookie(self.name(1), -5),
            FIRST.cookie("127.0.0.1:1", TTL_SECONDS),
            SECOND.cookie(self.name(1), TTL_SECONDS),
            Key(FIRST.number, SECOND.digits).cookie(self.name(1), TTL_SECONDS),
            Key(8, FIRST.digits).cookie(self.name(1), TTL_SECONDS),
        ):
            self.assert_replaced(self.ringway, value)

    def test_what_is_forged_is_replaced(self):
        good = FIRST.cookie(self.name(1), TTL_SECONDS)
        self.assert_kept(self.ringway, good, 1)
        chance = random.Random(4)
        forged = [good[:cut] for cut in range(len(good))] + [good + "0", good.upper(), good * 2, "0" * 44, "f" * 44, "x" * 8000]
        for place in range(len(good)):
            digit = chance.choice([each for each in "0123456789abcdefG%" if each != good[place]])
            forged.append(good[:place] + digit + good[place + 1 :])
        client = Client(self.ringway)
        reached = set()
        for value in forged:
            reached.add(client.ask(cookie=f"ringway={value}"))
            self.value(client.set_cookie)  # It was set: what came was not believed.
        client.close()
        self.assertEqual(len(reached), BACKENDS, "who is not believed goes in turn")

    def test_a_dead_backend_loses_its_clients_to_another(self):
        backend, value = self.first_cookie()
        self.fleet.kill(backend)
        other, set_cookie = ask_once(self.ringway, cookie=f"ringway={value}")
        self.assertNotEqual(other, backend)
        rewritten = self.value(set_cookie)
        self.assert_kept(self.ringway, rewritten, other)
        self.fleet.start(backend)
        self.assert_kept(self.ringway, rewritten, other)
        eventually(lambda: ask_once(self.ringway, cookie=f"ringway={value}") == (backend, None), "it is asked again")

    def test_a_client_of_a_dead_backend_is_told_though_its_connection_is_warm(self):
        client = Client(self.ringway)
        backend = client.ask()
        value = self.value(client.set_cookie)
        for _ in range(3):
            self.assertEqual(client.ask(cookie=f"ringway={value}"), backend)
        self.fleet.kill(backend)
        other = client.ask(cookie=f"ringway={value}")
        self.assertNotEqual(other, backend)
        self.assert_kept(self.ringway, self.value(client.set_cookie), other)
        client.close()


if __name__ == "__main__":
    unittest.main()
