"""What is asked and answered in a comparison. To add a scenario: an entry in SCENARIOS, nothing else."""

from dataclasses import dataclass

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class Unit:
    """What CPU time is divided by: one of the origin's counters, so many of them at a time."""

    name: str
    counter: str
    size: int
    shown_as: str  # The unit of the quotient,
    shown_us: float  # and how many microseconds that is.


REQUEST = Unit("request", "requests", 1, "µs", 1.0)
GIB_DOWN = Unit("GiB", "bytes_out", GIB, "ms", 1000.0)
GIB_UP = Unit("GiB", "bytes_in", GIB, "ms", 1000.0)


@dataclass(frozen=True)
class Scenario:
    what: str
    body_bytes: int
    unit: Unit = REQUEST
    connections: tuple = (8, 64, 256)  # What is measured unless others are asked for.
    share: float = 0.4  # Of core 0. Bulk costs the load's core more than ours: it must stay the faster.
    chunked: bool = False
    upload_bytes: int = 0  # POSTs with a body of this size instead of GETs.
    closes: bool = False  # The client asks for the end of its connection after each answer.

    @property
    def headers(self):
        return ("Connection: close",) if self.closes else ()

    @property
    def is_bulk(self):
        """Whether moving bytes is the work."""
        return self.body_bytes >= 64 * KIB or self.upload_bytes > 0

    @property
    def placeholder_will_do(self):
        """Whether an nginx that answers out of its configuration can be the origin."""
        return self.body_bytes <= 4 * KIB and not self.chunked and not self.upload_bytes


SCENARIOS = {
    # With nginx's or our own answer head about 130 bytes on the wire.
    "small": Scenario("130 bytes in all, keep-alive", 2),
    "close": Scenario(
        "as small, and a connection for each request", 2, connections=(64, 256), share=0.2, closes=True
    ),
    "medium": Scenario("answers of 64 KiB", 64 * KIB, connections=(8, 64), share=0.25),
    "chunked": Scenario(
        "answers of 64 KiB, chunked", 64 * KIB, connections=(8, 64), share=0.25, chunked=True
    ),
    "big": Scenario("answers of 1 MiB", MIB, GIB_DOWN, connections=(8, 64), share=0.2),
    "huge": Scenario("answers of 64 MiB", 64 * MIB, GIB_DOWN, connections=(4,), share=0.3),
    "upload": Scenario(
        "request bodies of 1 MiB", 2, GIB_UP, connections=(8, 64), share=0.2, upload_bytes=MIB
    ),
}
