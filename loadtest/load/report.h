// What a load came to, for a person (a table) and for a program (JSON). Times are in milliseconds
// in both, and the rate is that of the answers before the end. The table leaves out what never
// happened; the JSON always has every name, so that a program need not ask whether it is there.
// Pure functions of what was counted, called by the main thread when the others have ended, and
// once a second for the progress.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadtest/load/options.h"
#include "loadtest/load/tally.h"

namespace ringway::loadtest {

// What was counted in one second of the measurement.
struct LoadSecond {
    double at_seconds = 0;  // Its end, since the beginning.
    double seconds = 0;     // Its length.
    LoadTally tally = {};
};

struct LoadResult {
    LoadTally tally = {};
    double began_at = 0;     // The measurement, by CLOCK_MONOTONIC in seconds.
    double seconds = 0;      // How long it was.
    double cpu_seconds = 0;  // Of this program in that time.
    bool was_stopped = false;
    // A second of the measurement, as a line of the progress and a point of a plot.
    struct Point {
        double at_seconds;  // Its end, since the beginning.
        double rate;
        std::uint64_t mistakes;
        double p50_ms;
        double p99_ms;
    };
    std::vector<Point> series;
};

LoadResult::Point point_of(const LoadSecond& second);
std::string progress_line(const LoadResult::Point& point);
std::string ramp_line(const LoadOptions& options, std::uint32_t settled);
std::string table_of(const LoadOptions& options, const LoadResult& result);
std::string json_of(const LoadOptions& options, const LoadResult& result);
// Something was asked for, and all of it answered as expected.
bool is_clean(const LoadResult& result);

}  // namespace ringway::loadtest
