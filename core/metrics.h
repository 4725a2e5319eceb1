// Numbers that one thread counts and any thread may read: counters, gauges, histograms, and the
// table that lists them by name for the metrics page. Each has exactly one writer, so writing is a
// plain load and store (no locked instruction, no line shared by two writers); a reader on another
// thread sees some recent value, which is all that a page or a test may ask for.
// To count across shards, every shard has its own and the reader adds them up.
// All orders are relaxed: a number publishes nothing but itself.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::core {

// Only ever grows.
class Counter {
public:
    void add(std::uint64_t count = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
public:
    void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t change = 1) { set(value() + change); }
    void subtract(std::int64_t change = 1) { set(value() - change); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

// How often which value came: 16 linear buckets to every power of two, exact below 32. A value is
// known to 1/16 (6.25 %). Values from 2^40 on (18 minutes in nanoseconds) share the last bucket.
struct HistogramScale {
    static constexpr unsigned linear_bits = 4;
    static constexpr unsigned value_bits = 40;
    static constexpr std::size_t buckets = (value_bits - linear_bits + 1) << linear_bits;
    static constexpr std::uint64_t value_max = (std::uint64_t{1} << value_bits) - 1;

    static constexpr std::size_t bucket_of(std::uint64_t value) {
        if (value > value_max) value = value_max;
        const auto bits = static_cast<unsigned>(std::bit_width(value));
        if (bits <= linear_bits) return static_cast<std::size_t>(value);
        const unsigned shift = bits - linear_bits - 1;
        // The leading 1 of value >> shift counts one more octave: hence + and not |.
        return (std::size_t{shift} << linear_bits) + static_cast<std::size_t>(value >> shift);
    }
    // The largest value of the bucket.
    static constexpr std::uint64_t last_of(std::size_t bucket) {
        const std::size_t octave = bucket >> linear_bits;
        if (octave <= 1) return bucket;
        const std::size_t leading = bucket - ((octave - 1) << linear_bits);
        return ((std::uint64_t{leading} + 1) << (octave - 1)) - 1;
    }
};

// The counts of one or several histograms at one time, as plain data.
struct HistogramCounts {
    std::array<std::uint64_t, HistogramScale::buckets> buckets{};
    std::uint64_t sum = 0;

    std::uint64_t total() const;
    void merge(const HistogramCounts& other);
    // The value that `share` (0 to 1) of all values do not exceed; never understated, and by less
    // than 1/16 overstated. 0 when nothing was counted.
    std::uint64_t quantile(double share) const;
};

class Histogram {
public:
    void record(std::uint64_t value) {
        bump(buckets_[HistogramScale::bucket_of(value)], 1);
        bump(sum_, value);
    }
    void add_to(HistogramCounts& counts) const;

private:
    static void bump(std::atomic<std::uint64_t>& word, std::uint64_t count) {
        word.store(word.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, HistogramScale::buckets> buckets_{};
    std::atomic<std::uint64_t> sum_{0};
};

// What the metrics page lists. Filled while things are set up, by one thread; what it names must
// outlive it. A series named several times (by every shard) has several sources, which add up.
class MetricTable {
public:
    enum class Kind : std::uint8_t { counter, gauge, histogram };
    using Label = std::pair<std::string, std::string>;
    struct Name {
        std::string name;  // snake_case, the unit last: "upstream_connects_total".
        std::string help;  // One sentence. REQUIRES: the same for every series of the name.
        std::vector<Label> labels;
    };
    struct Series {
        Name name;
        Kind kind;
        std::vector<const Counter*> counters;
        std::vector<const Gauge*> gauges;
        std::vector<const Histogram*> histograms;

        // The sum over the sources. REQUIRES: of that kind.
        std::uint64_t count() const;
        std::int64_t level() const;
        HistogramCounts histogram() const;
    };

    void add(const Name& name, const Counter& counter);
    void add(const Name& name, const Gauge& gauge);
    void add(const Name& name, const Histogram& histogram);

    // In the order of first naming; series of one name stand together.
    const std::vector<Series>& series() const { return series_; }
    const Series* find(std::string_view name, const std::vector<Label>& labels = {}) const;

private:
    Series& series_for(const Name& name, Kind kind);

    std::vector<Series> series_;
};

std::string_view name_of(MetricTable::Kind kind) noexcept;

}  // namespace ringway::core
