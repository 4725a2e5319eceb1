#include "loadtest/load/report.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

namespace ringway::loadtest {

namespace {

struct Percentile {
    std::string_view name;
    double part;
};

constexpr std::array<Percentile, 5> percentiles{{
    {"p50", 0.5},
    {"p90", 0.9},
    {"p99", 0.99},
    {"p99.9", 0.999},
    {"p99.99", 0.9999},
}};

// Of a thread: from here on it is no ruler.
constexpr double busy_share = 0.9;
constexpr std::string_view busy_text =
    "            it was busy all the time: what limits is perhaps the load; see --threads\n";

double ms(core::Duration time) {
    return static_cast<double>(time.count()) / 1e6;
}

double per(double what, double of) {
    return of > 0 ? what / of : 0;
}

// Three digits that count.
std::string bytes_text(double bytes) {
    constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1'000 && unit + 1 < units.size(); unit++) bytes /= 1'024;
    return fmt::format("{:.{}f} {}", bytes, bytes < 10 && unit > 0 ? 2 : bytes < 100 && unit > 0,
                       units[unit]);
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
}

std::string plural(std::uint64_t count, std::string_view word) {
    return fmt::format("{} {}{}", grouped(count), word, count == 1 ? "" : "s");
}

std::string loop_text(const LoadOptions& options) {
    if (options.rate == 0) return "closed loop";
    return fmt::format("open loop at {:g}/s ({})", options.rate,
                       options.arrivals == ArrivalKind::poisson ? "Poisson" : "even");
}

std::string latency_text(const LatencyHistogram& latency) {
    if (latency.count() == 0) return "nothing was answered";
    std::string text = fmt::format("mean {:.3f}", ms(latency.mean()));
    for (const Percentile& one : percentiles) {
        text += fmt::format("  {} {:.3f}", one.name, ms(latency.quantile(one.part)));
    }
    return text + fmt::format("  max {:.3f} ms", ms(latency.largest()));
}

// What happened how often, in words: "3 timeout, 1 read". What never happened is left out.
class Listing {
public:
    void add(std::uint64_t count, std::string_view what) {
        if (count == 0) return;
        text_ += fmt::format("{}{} {}", text_.empty() ? "" : ", ", grouped(count), what);
    }
    void add(const Mistakes& mistakes, std::string_view when = "") {
        for (std::size_t i = 0; i < mistake_kinds; i++) {
            add(mistakes[i], fmt::format("{}{}", name_of(static_cast<Mistake>(i)), when));
        }
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::string errors_text(const LoadOptions& options, const LoadTally& tally) {
    Listing listing;
    listing.add(tally.mistakes);
    listing.add(tally.unfinished, "unfinished");
    listing.add(tally.unsent, "never sent (no connection was free: see -c)");
    listing.add(tally.connects_failed, options.handshake.empty()
                                           ? "connections not made"
                                           : "WebSockets not made, or refused");
    listing.add(tally.held_lost, "idle connections lost");
    listing.add(tally.stray, "connections with bytes that nobody asked for");
    return listing.text().empty() ? "none" : listing.text();
}

// What happened and is no error of the measurement.
std::string besides_text(const LoadTally& tally) {
    Listing listing;
    listing.add(tally.ended_idle, "connections that the server ended between requests");
    listing.add(tally.early, " before it began");
    return listing.text();
}

// A header's value, as text that is safe in a table and in JSON.
std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '"' || c == '\\') safe += '\\';
        safe += c >= ' ' && c <= '~' ? c : '?';
    }
    return safe;
}

std::string backends_text(const LoadTally& tally) {
    std::string text;
    std::uint64_t all = 0;
    for (const auto& [backend, answers] : tally.by_backend) all += answers;
    for (const auto& [backend, answers] : tally.by_backend) {
        const double share = per(100 * static_cast<double>(answers), static_cast<double>(all));
        text += fmt::format("{}{}: {} ({:.1f} %)", text.empty() ? "" : ", ", escaped(backend),
                            grouped(answers), share);
    }
    return text;
}

std::string latency_json(const LatencyHistogram& latency) {
    std::string text = fmt::format(R"({{"count": {}, "mean": {:.6f}, "min": {:.6f})",
                                   latency.count(), ms(latency.mean()), ms(latency.smallest()));
    for (const Percentile& one : percentiles) {
        text += fmt::format(R"(, "{}": {:.6f})", one.name, ms(latency.quantile(one.part)));
    }
    return text + fmt::format(R"(, "max": {:.6f}}})", ms(latency.largest()));
}

// The members of an object, without its braces.
std::string members_json(const Mistakes& mistakes) {
    std::string text;
    for (std::size_t i = 0; i < mistake_kinds; i++) {
        text += fmt::format(R"({}"{}": {})", text.empty() ? "" : ", ",
                            name_of(static_cast<Mistake>(i)), mistakes[i]);
    }
    return text;
}

std::string errors_json(const LoadTally& tally) {
    return fmt::format(R"({{{}, "unfinished": {}, "unsent": {}, "connects_failed": {}, )"
                       R"("held_lost": {}, "stray": {}}})",
                       members_json(tally.mistakes), tally.unfinished, tally.unsent,
                       tally.connects_failed, tally.held_lost, tally.stray);
}

std::string backends_json(const LoadTally& tally) {
    std::string text;
    for (const auto& [backend, answers] : tally.by_backend) {
        text += fmt::format(R"({}"{}": {})", text.empty() ? "" : ", ", escaped(backend), answers);
    }
    return "{" + text + "}";
}

std::string kinds_json(const LoadOptions& options, const LoadTally& tally) {
    std::string text;
    for (std::size_t i = 0; i < tally.kinds.size(); i++) {
        const KindTally& kind = tally.kinds[i];
        text += fmt::format(R"({}{{"name": "{}", "answered": {}, "errors": {}, "latency_ms": {}}})",
                            i == 0 ? "" : ", ", escaped(options.requests[i].name), kind.answered,
                            kind.mistakes, latency_json(kind.latency));
    }
    return "[" + text + "]";
}

std::string series_json(const LoadResult& result) {
    std::string text;
    for (const LoadResult::Point& point : result.series) {
        text += fmt::format(
            R"({}{{"at": {:.3f}, "rate": {:.1f}, "errors": {}, "p50": {:.6f}, "p99": {:.6f}}})",
            text.empty() ? "" : ", ", point.at_seconds, point.rate, point.mistakes, point.p50_ms,
            point.p99_ms);
    }
    return "[" + text + "]";
}

}  // namespace

LoadResult::Point point_of(const LoadSecond& second) {
    const LoadTally& tally = second.tally;
    return {.at_seconds = second.at_seconds,
            .rate = per(static_cast<double>(tally.in_window), second.seconds),
            .mistakes = tally.mistakes_total() + tally.connects_failed,
            .p50_ms = ms(tally.latency.quantile(0.5)),
            .p99_ms = ms(tally.latency.quantile(0.99))};
}

std::string progress_line(const LoadResult::Point& point) {
    return fmt::format("{:7.1f} s  {:>9}/s  p50 {:8.3f}  p99 {:8.3f} ms  errors {}",
                       point.at_seconds, grouped(static_cast<std::uint64_t>(point.rate)),
                       point.p50_ms, point.p99_ms, point.mistakes);
}

std::string ramp_line(const LoadOptions& options, std::uint32_t settled) {
    return fmt::format("   ramp    {} of {}", grouped(settled),
                       plural(options.connections, "connection"));
}

bool is_clean(const LoadResult& result) {
    const LoadTally& tally = result.tally;
    return tally.answered > 0 && tally.mistakes_total() == 0 && tally.unfinished == 0 &&
           tally.unsent == 0 && tally.connects_failed == 0 && tally.held_lost == 0 &&
           tally.stray == 0;
}

std::string table_of(const LoadOptions& options, const LoadResult& result) {
    const LoadTally& tally = result.tally;
    const auto answered = static_cast<double>(tally.answered);
    std::string text;
    auto end = std::back_inserter(text);
    fmt::format_to(end, "{}, {} ({:.0f} % active), {}, {}, {:.2f} s{}\n\n", options.url,
                   plural(options.connections, "connection"), options.active * 100,
                   plural(options.threads, "thread"), loop_text(options), result.seconds,
                   result.was_stopped ? " (stopped)" : "");
    fmt::format_to(end, "requests    {} sent, {} answered, {:.1f}/s\n", grouped(tally.sent),
                   grouped(tally.answered),
                   per(static_cast<double>(tally.in_window), result.seconds));
    fmt::format_to(end, "latency     {}\n", latency_text(tally.latency));
    if (options.rate > 0) {
        fmt::format_to(end, "sent late   {}\n", latency_text(tally.lateness));
    }
    fmt::format_to(end, "bytes       {} in ({}/s), {} out; {} made\n",
                   bytes_text(static_cast<double>(tally.bytes_in)),
                   bytes_text(per(static_cast<double>(tally.bytes_in), result.seconds)),
                   bytes_text(static_cast<double>(tally.bytes_out)),
                   plural(tally.connects, "connection"));
    fmt::format_to(end, "errors      {}\n", errors_text(options, tally));
    if (const std::string besides = besides_text(tally); !besides.empty()) {
        fmt::format_to(end, "besides     {}\n", besides);
    }
    for (std::size_t i = 0; i < tally.kinds.size(); i++) {
        const KindTally& kind = tally.kinds[i];
        fmt::format_to(end, "  {}: {} answered, {} errors, {}\n", options.requests[i].name,
                       grouped(kind.answered), grouped(kind.mistakes), latency_text(kind.latency));
    }
    if (!tally.by_backend.empty()) fmt::format_to(end, "backends    {}\n", backends_text(tally));
    fmt::format_to(end, "generator   {:.2f} us of CPU per answer, {:.0f} % of a core\n",
                   per(result.cpu_seconds * 1e6, answered),
                   per(100 * result.cpu_seconds, result.seconds));
    if (result.cpu_seconds > busy_share * result.seconds * options.threads) text += busy_text;
    return text;
}

std::string json_of(const LoadOptions& options, const LoadResult& result) {
    const LoadTally& tally = result.tally;
    std::string text = fmt::format(
        R"({{"url": "{}", "connections": {}, "threads": {}, "active": {}, "keep_alive": {}, )"
        R"("offered_rate": {}, "began_at": {:.6f}, "seconds": {:.6f}, "stopped": {}, )"
        R"("cpu_seconds": {:.6f}, )",
        escaped(options.url), options.connections, options.threads, options.active,
        options.keeps_alive, options.rate, result.began_at, result.seconds, result.was_stopped,
        result.cpu_seconds);
    auto end = std::back_inserter(text);
    fmt::format_to(end, R"("sent": {}, "answered": {}, "rate": {:.3f}, )", tally.sent,
                   tally.answered, per(static_cast<double>(tally.in_window), result.seconds));
    fmt::format_to(end, R"("bytes_in": {}, "bytes_out": {}, "connects": {}, )", tally.bytes_in,
                   tally.bytes_out, tally.connects);
    fmt::format_to(end, R"("latency_ms": {}, "sent_late_ms": {}, )", latency_json(tally.latency),
                   latency_json(tally.lateness));
    fmt::format_to(end, R"("errors": {}, "errors_before": {{{}}}, "ended_idle": {}, )",
                   errors_json(tally), members_json(tally.early), tally.ended_idle);
    fmt::format_to(end, R"("requests": {}, "backends": {}, "series": {}}})",
                   kinds_json(options, tally), backends_json(tally), series_json(result));
    return text + "\n";
}

}  // namespace ringway::loadtest
