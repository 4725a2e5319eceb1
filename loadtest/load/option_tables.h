// Everything that a load can be asked for, by its name: the options of ringway-load, and the names
// of its scenario file. What is asked has tables of its own, because a file has them once for each
// kind of request, and the command line for one. Values are only put in their place here;
// `understand` says whether they mean anything. Constants.
#pragma once

#include <array>

#include "loadtest/load/words.h"
#include "loadtest/option.h"

namespace ringway::loadtest {

inline constexpr std::array load_options{
    option<&LoadWords::url>({"url", "http://HOST:PORT/PATH", "Whom to ask"}),
    option<&LoadWords::connections>({"connections", "N", "Connections (10)", 'c'}),
    option<&LoadWords::threads>(
        {"threads", "N", "Threads, each with a ring and descriptors of its own (as few as will do)",
         't'}),
    option<&LoadWords::duration>({"duration", "TIME", "Of the measurement (10s)", 'd'}),
    option<&LoadWords::warm_up>({"warmup", "TIME", "Load before that, which is not counted (0)"}),
    option<&LoadWords::rate>(
        {"rate", "N/s", "Open loop: so many requests, whatever the answers do", 'R'}),
    option<&LoadWords::arrivals>(
        {"arrivals", "even|poisson", "How the open loop spaces them (even)"}),
    option<&LoadWords::closes>({"close", "", "A connection per request"}),
    option<&LoadWords::websocket>(
        {"websocket", "",
         "Ask for a WebSocket; a request is a message of --body bytes that comes back"}),
    option<&LoadWords::number>(
        {"number", "FIRST",
         "Number requests from here on, in X-Request-Number: was any executed twice?"}),
    option<&LoadWords::active>(
        {"active", "SHARE",
         "The share of connections that asks; the others are asked once and held (1)"}),
    option<&LoadWords::sources>(
        {"sources", "N|FIRST-LAST|A,B",
         "Where connections come from, in turns; a number: 127.0.0.1 and those behind it"}),
    option<&LoadWords::receive_buffer>(
        {"receive_buffer", "BYTES", "Of each socket (the kernel's)"}),
    option<&LoadWords::timeout>({"timeout", "TIME", "For a connection, or for an answer (10s)"}),
    option<&LoadWords::ramp_max>(
        {"ramp", "TIME", "For all connections, before it begins anyway (60s)"}),
    option<&LoadWords::grace>({"grace", "TIME", "For what is on its way at the end (2s)"}),
    option<&LoadWords::seed>({"seed", "N", "Of all that is left to chance (1)"}),
    option<&LoadWords::json>({"json", "FILE", "Write the result as JSON; - instead of the table"}),
    option<&LoadWords::quiet>({"quiet", "", "No progress on the terminal", 'q'}),
};

inline constexpr std::array asked_options{
    option<&RequestWords::method>({"method", "METHOD", "Method (GET)", 'X'}),
    repeated_option<&RequestWords::headers>(
        {"header", "'NAME: VALUE'", "A header; may be repeated", 'H'}),
    option<&RequestWords::body>({"body", "BYTES", "Bytes to send with each request (0)"}),
    option<&RequestWords::think>(
        {"think", "TIME|exponential:TIME|...",
         "Between an answer and the connection's next request, closed loop (none)"}),
    option<&RequestWords::drip>(
        {"drip", "BYTES:TIME", "Send the request in pieces: so many bytes, so often"}),
    option<&RequestWords::slow_read>(
        {"slow_read", "TIME",
         "Between two reads of an answer, of 16 KiB at most; see --receive-buffer"}),
};

inline constexpr std::array answer_options{
    option<&RequestWords::expect_status>({"expect_status", "N", "This status (200 to 399)"}),
    option<&RequestWords::expect_length>({"expect_length", "BYTES", "A body of so many bytes"}),
    option<&RequestWords::expect_body>(
        {"expect_body", "any|pattern|same|xxh64:HASH",
         "pattern: as ringway-origin makes them; same: as the first one; a hash: as `xxh64sum` "
         "prints it (any)"}),
    option<&RequestWords::expect_backend_header>(
        {"expect_backend_header", "NAME",
         "This header, which names the backend; answers are counted by what it says"}),
};

// What sets one of several requests apart, and is in a file only.
inline constexpr std::array kind_options{
    option<&RequestWords::name>({"name", "TEXT", "For the report; else method and path"}),
    option<&RequestWords::path>({"path", "PATH", "Else the URL's"}),
    option<&RequestWords::weight>({"weight", "N", "How often it is drawn, by the others'"}),
};

}  // namespace ringway::loadtest
