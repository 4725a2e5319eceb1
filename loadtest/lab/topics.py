"""What each issue promised in figures. loadtest/bars prints it.

To add a topic: a module with a function that takes the command line and a `say`, measures, and
returns a Verdicts; put it into TOPICS with its name.
"""

from lab.balance_figures import balancing
from lab.foundation import foundation
from lab.http_figures import http
from lab.latency_figures import latency
from lab.load_figures import load
from lab.performance_figures import performance
from lab.scale_figures import scale
from lab.slow_figures import slow

TOPICS = {
    "balancing": balancing,
    "foundation": foundation,
    "http": http,
    "latency": latency,
    "load": load,
    "performance": performance,
    "scale": scale,
    "slow": slow,
}
