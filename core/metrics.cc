#include "core/metrics.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/check.h"

namespace ringway::core {

std::uint64_t HistogramCounts::total() const {
    std::uint64_t total = 0;
    for (const std::uint64_t count : buckets) total += count;
    return total;
}

void HistogramCounts::merge(const HistogramCounts& other) {
    for (std::size_t i = 0; i < buckets.size(); i++) buckets[i] += other.buckets[i];
    sum += other.sum;
}

std::uint64_t HistogramCounts::quantile(double share) const {
    const std::uint64_t count = total();
    if (count == 0) return 0;
    const double rank = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count));
    std::uint64_t left = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count);
    std::size_t bucket = 0;
    while (left > buckets[bucket]) left -= buckets[bucket++];
    return HistogramScale::last_of(bucket);
}

void Histogram::add_to(HistogramCounts& counts) const {
    for (std::size_t i = 0; i < buckets_.size(); i++) {
        counts.buckets[i] += buckets_[i].load(std::memory_order_relaxed);
    }
    counts.sum += sum_.load(std::memory_order_relaxed);
}

std::uint64_t MetricTable::Series::count() const {
    CHECK(kind == Kind::counter);
    std::uint64_t sum = 0;
    for (const Counter* counter : counters) sum += counter->value();
    return sum;
}

std::int64_t MetricTable::Series::level() const {
    CHECK(kind == Kind::gauge);
    std::int64_t sum = 0;
    for (const Gauge* gauge : gauges) sum += gauge->value();
    return sum;
}

HistogramCounts MetricTable::Series::histogram() const {
    CHECK(kind == Kind::histogram);
    HistogramCounts sum;
    for (const Histogram* histogram : histograms) histogram->add_to(sum);
    return sum;
}

void MetricTable::add(const Name& name, const Counter& counter) {
    series_for(name, Kind::counter).counters.push_back(&counter);
}

void MetricTable::add(const Name& name, const Gauge& gauge) {
    series_for(name, Kind::gauge).gauges.push_back(&gauge);
}

void MetricTable::add(const Name& name, const Histogram& histogram) {
    series_for(name, Kind::histogram).histograms.push_back(&histogram);
}

const MetricTable::Series* MetricTable::find(std::string_view name,
                                             const std::vector<Label>& labels) const {
    const auto found = std::ranges::find_if(series_, [&](const Series& series) {
        return series.name.name == name && series.name.labels == labels;
    });
    return found == series_.end() ? nullptr : &*found;
}

MetricTable::Series& MetricTable::series_for(const Name& name, Kind kind) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
    CHECK(!name.name.empty() && name.name.find_first_not_of(allowed) == name.name.npos);
    const auto same_name = [&](const Series& series) { return series.name.name == name.name; };
    const auto first = std::ranges::find_if(series_, same_name);
    const auto last = std::find_if_not(first, series_.end(), same_name);
    for (auto series = first; series != last; ++series) {
        CHECK(series->kind == kind && series->name.help == name.help);
        if (series->name.labels == name.labels) return *series;
    }
    Series added{.name = name, .kind = kind, .counters = {}, .gauges = {}, .histograms = {}};
    return *series_.insert(last, std::move(added));
}

std::string_view name_of(MetricTable::Kind kind) noexcept {
    switch (kind) {
        case MetricTable::Kind::counter:
            return "counter";
        case MetricTable::Kind::gauge:
            return "gauge";
        case MetricTable::Kind::histogram:
            return "histogram";
    }
    return "counter";
}

}  // namespace ringway::core
