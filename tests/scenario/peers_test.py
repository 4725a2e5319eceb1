#!/usr/bin/env python3
"""Programs that others wrote, with ringway between them: curl and wrk ask, nginx answers."""

import gzip
import hashlib
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import nginx
from world import LONG, Backend, Scenario, read_head, read_message

TEXT = b"".join(b"line %d of a text that can be packed\n" % i for i in range(5000))
LARGE_BYTES = 100_000_000
BLOCK = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(8191))  # Repeats nowhere near a buffer's size.


def large():
    return (BLOCK * (LARGE_BYTES // len(BLOCK) + 1))[:LARGE_BYTES]


class Said:
    """What curl had to say: its result, the body, and every head that came, oldest first."""

    def __init__(self, done, heads):
        self.code, self.body, self.error = done.returncode, done.stdout, done.stderr.decode()
        self.heads = [head for head in heads.split("\r\n\r\n") if head]

    def statuses(self):
        return [int(head.split(" ")[1]) for head in self.heads]

    def field(self, name):
        """Of the last head; None where there is none."""
        found = re.findall(rf"^{name}: *(.*?)\r?$", self.heads[-1], re.MULTILINE | re.IGNORECASE)
        return found[0] if found else None


class Peers(Scenario):
    nginx_more = ""

    def setUp(self):
        for program in ("curl", "wrk", "nginx"):
            if shutil.which(program) is None:
                self.skip(f"{program} is not installed")
        self.origin = nginx.Nginx(self.nginx_more)
        self.origin.put_file("text.txt", TEXT)
        self.start([self.origin])
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def tearDown(self):
        self.assert_orderly_end()

    def url(self, path):
        return f"http://127.0.0.1:{self.ringway.port}{path}"

    def curl(self, *arguments, input=None):
        """What begins with "/" is asked of ringway; files are in self.folder."""
        heads = self.folder / "heads"
        heads.write_text("")
        command = ["curl", "-sS", "--max-time", "60", "-D", heads]
        words = [self.url(word) if word.startswith("/") else word for word in arguments]
        done = subprocess.run([*command, *words], check=False, capture_output=True, input=input, cwd=self.folder)
        return Said(done, heads.read_bytes().decode("latin-1"))

    def file(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def wrk(self, path, *arguments):
        command = ["wrk", "-t", "1", "-c", "40", "-d", "20s" if LONG else "2s", *arguments, self.url(path)]
        said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder).stdout
        self.assertNotIn("Socket errors", said)
        self.assertNotIn("Non-2xx", said)
        requests = int(re.search(r"(\d+) requests in", said)[1])
        print(f"{self.id().split('.')[-1]}: {requests} requests", flush=True)
        self.assertGreater(requests, 100)


class Curl(Peers):
    def test_gets_a_file(self):
        said = self.curl("/files/text.txt")
        self.assertEqual((said.code, said.statuses(), said.body), (0, [200], TEXT))
        self.assertEqual(said.field("Content-Length"), str(len(TEXT)))
        self.assertTrue(said.field("Server").startswith("nginx"))

    def test_head_has_the_fields_and_no_body(self):
        said = self.curl("-I", "/files/text.txt")
        self.assertEqual((said.code, said.statuses()), (0, [200]))
        self.assertEqual(said.field("Content-Length"), str(len(TEXT)))

    def test_of_http_1_0_gets_a_file(self):
        said = self.curl("-0", "/files/text.txt")
        self.assertEqual((said.code, said.statuses(), said.body), (0, [200], TEXT))
        self.assertEqual(said.field("Connection"), "close")

    def test_of_http_1_0_gets_a_chunked_page_without_chunks(self):
        said = self.curl("-0", "--raw", "/made/text.txt")
        self.assertEqual((said.code, said.body), (0, TEXT))
        self.assertIsNone(said.field("Transfer-Encoding"))

    def test_gets_a_chunked_page_in_chunks(self):
        said = self.curl("/made/text.txt")
        self.assertEqual((said.code, said.body), (0, TEXT))
        self.assertEqual(said.field("Transfer-Encoding"), "chunked")

    def test_gets_a_range(self):
        said = self.curl("-r", "100-199", "/files/text.txt")
        self.assertEqual((said.statuses(), said.body), ([206], TEXT[100:200]))
        self.assertEqual(said.field("Content-Range"), f"bytes 100-199/{len(TEXT)}")

    def test_gets_several_ranges_as_one_answer_of_parts(self):
        said = self.curl("-r", "0-9,100-109", "/files/text.txt")
        self.assertEqual(said.statuses(), [206])
        self.assertIn(TEXT[:10], said.body)
        self.assertIn(TEXT[100:110], said.body)
        self.assertTrue(said.field("Content-Type").startswith("multipart/byteranges"))

    def test_goes_on_with_a_file_it_has_half_of(self):
        half = self.file("half", TEXT[:5000])
        said = self.curl("-C", "-", "-o", half, "/files/text.txt")
        self.assertEqual((said.statuses(), (self.folder / half).read_bytes()), ([206], TEXT))

    def test_hears_that_nothing_changed(self):
        tag = self.curl("-I", "/files/text.txt").field("ETag")
        said = self.curl("-H", f"If-None-Match: {tag}", "/files/text.txt", "/files/text.txt", "-H", "Accept: */*")
        self.assertEqual((said.code, said.statuses(), said.body), (0, [304, 304], b""))

    def test_keeps_its_connection_for_the_next_request(self):
        said = self.curl("-w", "%{num_connects} ", *["/nothing"] * 5)
        self.assertEqual((said.statuses(), said.body), ([204] * 5, b"1 0 0 0 0 "))

    def test_gets_what_is_packed_and_unpacks_it(self):
        said = self.curl("--compressed", "/packed/text.txt")
        self.assertEqual((said.code, said.body), (0, TEXT))
        self.assertEqual((said.field("Content-Encoding"), said.field("Transfer-Encoding")), ("gzip", "chunked"))

    def test_gets_nothing_packed_where_nginx_does_not_pack_for_proxies(self):
        """The Via of our requests is what tells nginx; `gzip_proxied` in its configuration is the cure."""
        said = self.curl("--compressed", "/files/text.txt")
        self.assertEqual((said.body, said.field("Content-Encoding")), (TEXT, None))

    def test_gets_packed_bytes_as_they_are(self):
        said = self.curl("-H", "Accept-Encoding: gzip", "/packed/text.txt")
        self.assertEqual(gzip.decompress(said.body), TEXT)

    def test_follows_a_redirection(self):
        said = self.curl("-L", "--max-redirs", "1", "/away")
        self.assertEqual(said.statuses(), [301, 403])

    def test_puts_a_body_with_a_length(self):
        said = self.curl("-T", self.file("a", TEXT), "-H", "Expect:", "/up/a")
        self.assertEqual((said.code, said.statuses()), (0, [201]))
        self.assertEqual(self.origin.uploaded("a"), TEXT)

    def test_puts_a_body_after_it_was_told_to_continue(self):
        said = self.curl("-T", self.file("a", TEXT), "-H", "Expect: 100-continue", "--expect100-timeout", "30", "/up/b")
        self.assertEqual((said.code, said.statuses()), (0, [100, 201]))
        self.assertEqual(self.origin.uploaded("b"), TEXT)

    def test_puts_what_comes_from_a_pipe_in_chunks(self):
        said = self.curl("-T", "-", "/up/c", input=TEXT)
        self.assertEqual((said.code, said.statuses()[-1]), (0, 201))
        self.assertEqual(self.origin.uploaded("c"), TEXT)

    def test_hears_at_once_that_its_body_is_too_large(self):
        for more in (["-H", "Expect:"], ["-H", "Expect: 100-continue"]):
            said = self.curl("-T", self.file("big", TEXT * 200), *more, "/small/x")
            self.assertEqual(said.statuses(), [413], said.error)
            self.assertTrue(said.field("Server").startswith("nginx"))

    def test_gets_100_megabytes_with_the_right_hash(self):
        self.origin.put_file("large", large())
        for more in ([], ["-0"]):
            said = self.curl(*more, "-o", "large", "/files/large")
            self.assertEqual(said.code, 0, said.error)
            self.assertEqual(self.hash_of((self.folder / "large").read_bytes()), self.hash_of(large()))

    def test_puts_100_megabytes_with_the_right_hash(self):
        source = self.file("large", large())
        with open(self.folder / source, "rb") as pipe:
            in_chunks = subprocess.run(["curl", "-sSf", "-T", "-", self.url("/up/chunks")], stdin=pipe, check=False)
        self.assertEqual(in_chunks.returncode, 0)
        said = self.curl("-T", source, "/up/length")
        self.assertEqual((said.code, said.statuses()), (0, [100, 201]))
        for name in ("chunks", "length"):
            self.assertEqual(self.hash_of(self.origin.uploaded(name)), self.hash_of(large()), name)

    @staticmethod
    def hash_of(content):
        return hashlib.sha256(content).hexdigest()

    def test_may_ask_for_fifty_things_at_once(self):
        for number in range(50):
            self.origin.put_file(f"{number}.bin", b"%d " % number * 2000)
        said = self.curl("-Z", "--parallel-immediate", "-o", "#1", "/files/[0-49].bin")
        self.assertEqual(said.code, 0, said.error)
        for number in range(50):
            self.assertEqual((self.folder / str(number)).read_bytes(), b"%d " % number * 2000)

    def test_is_told_why_when_nobody_answers(self):
        self.origin.close()
        said = self.curl("/files/text.txt")
        self.assertEqual((said.code, said.statuses()), (0, [502]))
        self.assertEqual(said.field("X-Ringway-Reason"), "upstream_unreachable")
        self.assertEqual(said.body, b"502 Bad Gateway: upstream_unreachable\n")


class CurlPosts(Peers):
    """To a backend that answers a body with itself, and tells who waits to go on."""

    def setUp(self):
        super().setUp()
        self.ringway.end()
        self.start([Backend(self.serve)])

    @staticmethod
    def serve(connection):
        rest = b""
        while found := read_head(connection, rest):
            head, rest = found
            if b"100-continue" in head:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            head, body, rest = read_message(connection, head + rest)
            connection.sendall(Backend.answer_to(head, body))

    def check(self, statuses, *arguments):
        said = self.curl("--data-binary", "@" + self.file("a", TEXT), *arguments, "/post")
        self.assertEqual((said.code, said.statuses(), said.body), (0, statuses, b"/post " + TEXT))

    def test_with_a_length(self):
        self.check([200], "-H", "Expect:")

    def test_in_chunks(self):
        self.check([200], "-H", "Expect:", "-H", "Transfer-Encoding: chunked")

    def test_once_told_to_go_on(self):
        self.check([100, 200], "-H", "Expect: 100-continue", "--expect100-timeout", "30")

    def test_in_chunks_once_told_to_go_on(self):
        more = ("-H", "Transfer-Encoding: chunked", "--expect100-timeout", "30")
        self.check([100, 200], "-H", "Expect: 100-continue", *more)

    def test_in_http_1_0(self):
        self.check([200], "-0", "-H", "Expect:")

    def test_a_form_with_a_file(self):
        said = self.curl("-F", "name=value", "-F", "file=@" + self.file("a", TEXT), "/post")
        self.assertEqual((said.code, said.statuses()[-1]), (0, 200))
        self.assertIn(TEXT, said.body)


class KeptConnections(Peers):
    def test_are_few_for_many_requests(self):
        before = self.origin.connections()
        for _ in range(20):  # A process and a connection each.
            self.assertEqual(self.curl(*["/nothing"] * 10).statuses(), [204] * 10)
        # Those of ringway, one per shard, and that of asking.
        self.assertLessEqual(self.origin.connections() - before, 2 + 1)

    def test_pass_errors_and_bodies_without_mixing_them(self):
        for _ in range(10):
            said = self.curl("/files/none", "/files/text.txt", "/nothing", "-r", "0-3")
            self.assertEqual(said.statuses(), [404, 206, 204])


class WornConnections(Peers):
    """nginx ends a connection after ten requests, or after a second without one."""

    nginx_more = "keepalive_requests 10; keepalive_timeout 1s;"

    def test_cost_no_get(self):
        self.assertEqual(self.curl(*["/nothing"] * 200).statuses(), [204] * 200)

    def test_cost_no_upload(self):
        for number in range(25):
            said = self.curl("-T", self.file("a", b"%d" % number), "/up/same")
            self.assertIn(said.statuses()[-1], (201, 204))
            self.assertEqual(self.origin.uploaded("same"), b"%d" % number)

    def test_cost_wrk_nothing(self):
        self.wrk("/files/text.txt")


class Wrk(Peers):
    def test_has_no_error_on_kept_connections(self):
        self.wrk("/nothing")

    def test_has_no_error_with_a_connection_for_each_request(self):
        self.wrk("/nothing", "-H", "Connection: close")

    def test_has_no_error_with_bodies_in_chunks(self):
        self.wrk("/made/text.txt")

    def test_has_no_error_with_uploads(self):
        script = self.file("put.lua", b'wrk.method = "PUT"\nwrk.body = string.rep("x", 3000)\n')
        self.wrk("/up/wrk", "-s", script)

    def test_has_no_error_when_it_pipelines(self):
        script = self.file(
            "pipeline.lua",
            b"init = function()\n local one = {}\n for i = 1, 8 do one[i] = wrk.format() end\n"
            b" all = table.concat(one)\nend\nrequest = function() return all end\n",
        )
        self.wrk("/nothing", "-s", script)


if __name__ == "__main__":
    unittest.main()
