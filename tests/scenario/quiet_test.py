#!/usr/bin/env python3
"""In steady state a shard takes no lock and asks the kernel for no memory: strace of its thread shows no such call."""

import os
import re
import shutil
import subprocess
import threading
import unittest
from pathlib import Path

from world import Backend, Scenario, eventually, read_message

REQUESTS = (
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"HEAD /c HTTP/1.1\r\nHost: a\r\n\r\n",
)
WARM_UP, COUNTED = 300, 2000


def serve(connection):
    """As Backend.echo, and every hundredth answer ends its connection, so that connects are part of it."""
    rest = b""
    for turn in range(100):
        message = read_message(connection, rest)
        if message is None:
            return
        head, body, rest = message
        answer = Backend.answer_to(head, body)
        if turn == 99:
            answer = answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        connection.sendall(answer.split(b"\r\n\r\n")[0] + b"\r\n\r\n" if head.startswith(b"HEAD") else answer)


class Quiet(Scenario):
    def load(self, count):
        def ask(worker):
            with self.ringway.client() as connection:
                for turn in range(count):
                    request = REQUESTS[turn % 3]
                    connection.sendall(request)
                    message = self.read_answer(connection, request)
                    assert message, "no answer"

        workers = [threading.Thread(target=ask, args=(worker,)) for worker in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    @staticmethod
    def read_answer(connection, request):
        if not request.startswith(b"HEAD"):
            return read_message(connection)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        return head

    def shard_threads(self):
        """The threads that have a table of descriptors of their own."""
        tables = {
            int(task.name): {(fd.name, os.readlink(fd)) for fd in (task / "fd").iterdir()}
            for task in Path(f"/proc/{self.ringway.pid}/task").iterdir()
        }
        return [task for task, table in tables.items() if table != tables[self.ringway.pid]]

    def test_shards_take_no_lock_and_no_memory(self):
        if shutil.which("strace") is None:
            self.skip("strace is not installed: nothing was traced")
        self.start([Backend(serve)], shards=2)
        self.load(WARM_UP // 8)
        shards = self.shard_threads()
        self.assertEqual(len(shards), 2)
        trace = Path(self.ringway.folder.name) / "trace"
        command = ["strace", "-o", trace, "-e", "trace=futex,mmap,munmap,mremap,madvise,mprotect,brk,io_uring_enter"]
        tracer = subprocess.Popen(
            [*command, *(word for shard in shards for word in ("-p", str(shard)))], stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        self.addCleanup(tracer.stderr.close)
        attached = "".join(tracer.stderr.readline() for _ in shards)
        if "attached" not in attached:
            self.skip(f"strace cannot attach here: {attached.strip()}")
        self.load(COUNTED // 8)
        eventually(lambda: "io_uring_enter" in trace.read_text(), "the trace sees the shards' own calls")
        tracer.terminate()
        tracer.wait()
        calls = re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE)
        counts = {name: calls.count(name) for name in sorted(set(calls))}
        print(f"strace over {COUNTED // 8 * 8} exchanges: {counts}", flush=True)
        self.assertEqual(set(counts), {"io_uring_enter"})
        self.assert_orderly_end()


if __name__ == "__main__":
    unittest.main()
