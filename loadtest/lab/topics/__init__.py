"""What was promised in figures, a module for each topic. loadtest/bars prints it.

To add a topic: a module with a function that takes the command line and a `say`, measures, and
returns a Verdicts; put it into TOPICS with its name. What it measures it measures in few and short
runs when the command line says `quick`.
"""

from lab.topics import balancing, foundation, http, latency, load, memory, performance, scale, slow

TOPICS = {
    "balancing": balancing.balancing,
    "foundation": foundation.foundation,
    "http": http.http,
    "latency": latency.latency,
    "load": load.load,
    "memory": memory.memory,
    "performance": performance.performance,
    "scale": scale.scale,
    "slow": slow.slow,
}
