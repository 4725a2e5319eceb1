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
class Kind:
    """Of request."""

    method: str = "GET"
    path: str = "/"
    body_bytes: int = 0


@dataclass(frozen=True)
class Scenario:
    what: str
    body_bytes: int  # Of an answer.
    unit: Unit = REQUEST
    connections: tuple = (8, 64, 256)  # What is measured unless others are asked for.
    share: float = 0.4  # Of core 0. Bulk costs the load's core more than ours: it must stay the faster.
    chunked: bool = False
    closes: bool = False  # The client asks for the end of its connection after each answer.
    kinds: tuple = (Kind(),)  # What is asked, in turns.
    sizes: tuple = ()  # Of answers, when backends differ: one backend each, asked in turns.
    fleet: int = 1  # Backends, where their answers are alike.
    least: bool = False  # The backend that has the least to do is asked, instead of each in turn.
    slow_delay: str = ""  # What the last backend takes for an answer; the others take no time.
    latency_connections: int = 8  # For the rounds without a quota.
    warm_seconds: float = 0.3  # Before anything is measured: connections are made, caches and pools fill.

    @property
    def headers(self):
        return ("Connection: close",) if self.closes else ()

    @property
    def backends(self):
        return len(self.sizes) or self.fleet

    @property
    def answer_sizes(self):
        """Of as many answers in a row as it takes to see all that differ."""
        return self.sizes or (self.body_bytes,)

    @property
    def origin_arguments(self):
        words = ["--backends", str(self.backends), "--size", str(self.body_bytes)]
        words += ["--chunked", "yes"] if self.chunked else []
        for number, size in enumerate(self.sizes):
            words += ["--backend", f"{number}:size={size}"]
        if self.slow_delay:
            words += ["--backend", f"{self.backends - 1}:delay={self.slow_delay}"]
        return words

    @property
    def upload_bytes(self):
        """Of a whole turn of its kinds."""
        return sum(kind.body_bytes for kind in self.kinds)

    @property
    def is_bulk(self):
        """Whether moving bytes is the work."""
        return self.body_bytes >= 64 * KIB or self.unit is not REQUEST

    @property
    def is_plain(self):
        """Whether it asks with GETs over kept connections for answers that are all alike, as the open loop does."""
        return self.kinds == (Kind(),) and not self.closes and not self.sizes

    @property
    def placeholder_will_do(self):
        """Whether an nginx that answers out of its configuration can be the origin."""
        return self.body_bytes <= 4 * KIB and not self.chunked and not self.upload_bytes and self.backends == 1


MIXED = (
    Kind(),
    Kind(path="/articles/2026/11/20?page=2&order=newest"),
    Kind("POST", "/orders", KIB),
    Kind(path="/style.css"),
    Kind("PUT", "/files/report", 16 * KIB),
    Kind(path="/users/4711"),
    Kind("DELETE", "/users/4711/sessions"),
)

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
        "request bodies of 1 MiB", 2, GIB_UP, connections=(8, 64), share=0.2, kinds=(Kind("POST", "/", MIB),)
    ),
    "mixed": Scenario(
        "GET, POST, PUT and DELETE, bodies up to 16 KiB; answers of 2 bytes, 2, 16 and 64 KiB",
        2,
        connections=(8, 64),
        share=0.25,
        kinds=MIXED,
        sizes=(2, 2 * KIB, 16 * KIB, 64 * KIB),
    ),
    # 32 shards have 320 pools. For as long as these grow, opening connections is what is measured.
    "fleet": Scenario("as small, ten backends, least connections", 2, fleet=10, least=True, warm_seconds=2.0),
    "slow-backend": Scenario(
        "as small, four backends, least connections; one answers after 20 ms",
        2,
        connections=(64, 256),
        fleet=4,
        least=True,
        slow_delay="20ms",
        latency_connections=64,
    ),
}
