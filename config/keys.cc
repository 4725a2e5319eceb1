#include "config/keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

namespace ringway::config {
namespace {

using namespace std::chrono_literals;

using http::BodyLimits;
using http::ClientSettings;
using http::ForwardingSettings;
using http::HeadLimits;
using http::PoolSettings;
using http::RetrySettings;
using http::StickySettings;
using http::UpstreamTimeouts;
using enum Presence;

// The path and the domain of a sticky cookie are texts.
static_assert(TextSlot::bytes_max <= http::StickyCookie::attribute_bytes_max);

template <auto Elements>
constexpr ListSlot list_of(std::string_view shorthand = {}) {
    using Vector = std::remove_reference_t<decltype(at<Elements>(std::declval<Scope>()))>;
    using Element = typename Vector::value_type;
    return {
        .size = [](const Scope& scope) { return at<Elements>(scope).size(); },
        .append =
            [](const Scope& scope) {
                Scope inner = scope;
                std::get<Element*>(inner) = &at<Elements>(scope).emplace_back();
                return inner;
            },
        .enter =
            [](const Scope& scope, std::size_t index) {
                Scope inner = scope;
                std::get<Element*>(inner) = &at<Elements>(scope)[index];
                return inner;
            },
        .shorthand = shorthand,
    };
}

// In the order of their enums.
constexpr std::string_view log_levels[] = {"debug", "info", "warning", "error"};
constexpr std::string_view algorithm_words[] = {
    "round_robin", "random",  "least_connections", "power_of_two", "least_time",
    "peak_ewma",   "ip_hash", "ring_hash",         "maglev",       "first"};
constexpr std::string_view same_sites[] = {"none", "lax", "strict"};
constexpr std::string_view client_gone_words[] = {"cancel", "finish"};
constexpr std::string_view access_formats[] = {"text", "json"};

template <std::uint16_t Status>
std::string& error_page(const Scope& scope) {
    constexpr auto found = std::ranges::find(http::own_statuses, Status);
    static_assert(found != http::own_statuses.end());
    return std::get<Config*>(scope)->error_files[found - http::own_statuses.begin()];
}

// A table stands before the keys within it. The order is that of `check --explain`.
constexpr Key keys[] = {
    {"shards", TableSlot{}, "The threads that do the work, one ring and one listener each."},
    {"shards.count", AutoIntegerSlot{at<&Config::shards, &Shards::count>, 1, 1024},
     "How many shards there are; \"auto\" is one per CPU that the process may use."},
    {"shards.pin", BooleanSlot{at<&Config::shards, &Shards::pin>},
     "Whether each shard stays on a CPU of its own."},
    {"shards.zone", TextSlot{at<&Config::shards, &Shards::zone>, "none"},
     "Where this ringway stands: backends of the same zone are preferred."},
    {"shards.snapshot_interval",
     DurationSlot{at<&Config::shards, &Shards::snapshot_interval>, 100us, 1s},
     "Between two words of a shard to the others about the load it puts on backends."},
    {"shards.busy_poll", DurationSlot{at<&Config::shards, &Shards::busy_poll>, 0us, 1ms},
     "How long a shard looks for work before it sleeps, while that finds some; not where shards "
     "share a CPU. Longer is less latency and more CPU time; 0s is never."},

    {"listen", list_of<&Config::listens>(), "An address that clients connect to.", required},
    {"listen[].address", AddressSlot{at<&Listen::address>},
     "IP address and port, or UNIX socket, to accept connections on.", required},
    {"listen[].name", NameSlot{at<&Listen::name>},
     "What logs and metrics call it; the address when not set."},

    {"group", list_of<&Config::groups>(), "Backends that serve the same thing.", required},
    {"group[].name", NameSlot{at<&Group::name>}, "What logs, metrics and commands call it.",
     required},
    {"group[].backends", list_of<&Group::backends>("address"),
     "The servers: addresses, or tables where one has more to say.", required},
    {"group[].backends[].address", AddressSlot{at<&Backend::address>}, "Where the backend listens.",
     required},
    {"group[].backends[].weight", IntegerSlot{at<&Backend::weight>, 1, 1'000'000},
     "Its share of the requests, relative to the other backends of the group."},
    {"group[].backends[].tier", IntegerSlot{at<&Backend::tier>, 0, 15},
     "Who comes first: a higher tier is asked when too little is left of those below."},
    {"group[].backends[].backup", BooleanSlot{at<&Backend::backup>},
     "Whether it comes behind all tiers."},
    {"group[].backends[].zone", TextSlot{at<&Backend::zone>, "none"}, "Where it stands."},
    {"group[].algorithm", word_at<&Group::balancing, &Balancing::algorithm>(algorithm_words),
     "Who of them is asked; balance/README.md says which to choose."},
    {"group[].key", KeySlot{at<&Group::balancing, &Balancing::key>},
     "What ring_hash and maglev hash; requests with the same key go to the same backend."},
    {"group[].key_prefix_v4", IntegerSlot{at<&Group::balancing, &Balancing::key_prefix_v4>, 1, 32},
     "Bits of a client's IPv4 address that count for ip_hash and the key client."},
    {"group[].key_prefix_v6", IntegerSlot{at<&Group::balancing, &Balancing::key_prefix_v6>, 1, 128},
     "The same of an IPv6 address, of which a client changes the last 64 at will."},
    {"group[].maglev_size",
     IntegerSlot{at<&Group::balancing, &Balancing::maglev_size>, 251, 5'000'011},
     "Entries of the table of maglev and ip_hash, up to the next prime; a hundred times the "
     "backends "
     "or more."},
    {"group[].ring_points", IntegerSlot{at<&Group::balancing, &Balancing::ring_points>, 1, 10'000},
     "Points on the ring of ring_hash for a backend of mean weight."},
    {"group[].load_bound", PercentSlot{at<&Group::balancing, &Balancing::load_bound>, 1'000},
     "Of the mean load that a backend may have before the keys go on to another; 0% is no bound, "
     "else 100% or more."},
    {"group[].overflow_below", PercentSlot{at<&Group::balancing, &Balancing::overflow_below>},
     "Of a tier's or zone's weight: with less of it left, requests go on to the next."},
    {"group[].slow_start", DurationSlot{at<&Group::balancing, &Balancing::slow_start>, 0s, 1h},
     "For a backend that has come back to get its whole share; 0s is at once."},
    {"group[].slow_start_requests",
     IntegerSlot{at<&Group::balancing, &Balancing::slow_start_requests>, 0, 1'000'000},
     "That it must have answered before; 0 is none."},
    {"group[].n_minus_one", BooleanSlot{at<&Group::balancing, &Balancing::n_minus_one>},
     "Whether to learn if the others would bear the loss of one; ringway_balance_n_minus_one."},
    {"group[].sticky", TableSlot{}, "A cookie that keeps a client with its backend."},
    {"group[].sticky.cookie", TextSlot{at<&Group::sticky, &StickySettings::cookie>, "off"},
     "Its name."},
    {"group[].sticky.ttl", DurationSlot{at<&Group::sticky, &StickySettings::ttl>, 1s, 8760h},
     "For how long; renewed when half of it is over."},
    {"group[].sticky.key_file",
     FileSlot{at<&Group::sticky, &StickySettings::key_file>, "\"drawn\""},
     "Lines of an id (0 to 255) and a key (32 hex digits); the first signs. \"drawn\" at start, no "
     "other ringway knows it."},
    {"group[].sticky.path", TextSlot{at<&Group::sticky, &StickySettings::path>, "/"}, "Its Path."},
    {"group[].sticky.domain", TextSlot{at<&Group::sticky, &StickySettings::domain>, "none"},
     "Its Domain."},
    {"group[].sticky.secure", BooleanSlot{at<&Group::sticky, &StickySettings::secure>},
     "Whether it is for TLS only."},
    {"group[].sticky.http_only", BooleanSlot{at<&Group::sticky, &StickySettings::http_only>},
     "Whether it is hidden from scripts."},
    {"group[].sticky.same_site", word_at<&Group::sticky, &StickySettings::same_site>(same_sites),
     "Which requests of other sites carry it."},
    {"group[].timeout", TableSlot{}, "How long a backend may take."},
    {"group[].timeout.connect",
     DurationSlot{at<&Group::timeout, &UpstreamTimeouts::connect>, 1ms, 1h},
     "For a connection to a backend to be established."},
    {"group[].timeout.first_byte",
     DurationSlot{at<&Group::timeout, &UpstreamTimeouts::first_byte>, 1ms, 24h},
     "From the end of the request to the first byte of the response."},
    {"group[].timeout.between_bytes",
     DurationSlot{at<&Group::timeout, &UpstreamTimeouts::between_bytes>, 1ms, 24h},
     "Between two arrivals of bytes of a response, and while a backend takes no request bytes."},
    {"group[].timeout.total", DurationSlot{at<&Group::timeout, &UpstreamTimeouts::total>, 0s, 168h},
     "For all tries of a request together, to the end of the response; 0s is no limit."},
    {"group[].timeout.idle", DurationSlot{at<&Group::timeout, &UpstreamTimeouts::idle>, 1ms, 24h},
     "That an unused connection to a backend is kept for the next request."},
    {"group[].timeout.tunnel_idle",
     DurationSlot{at<&Group::timeout, &UpstreamTimeouts::tunnel_idle>, 1ms, 168h},
     "That a WebSocket or another upgraded connection may pass no byte."},
    {"group[].pool", TableSlot{},
     "How many connections a backend gets, and how long they are used."},
    {"group[].pool.connections",
     IntegerSlot{at<&Group::pool, &PoolSettings::connections>, 0, 1'000'000},
     "To one backend, of the whole process, divided among its shards; 0 is no limit."},
    {"group[].pool.requests_per_connection",
     IntegerSlot{at<&Group::pool, &PoolSettings::requests_per_connection>, 0, 1'000'000'000},
     "After which a connection is not used again; 0 is no limit."},
    {"group[].pool.connection_age",
     DurationSlot{at<&Group::pool, &PoolSettings::connection_age>, 0s, 168h},
     "At which a connection is not used again; 0s is no limit."},
    {"group[].pool.connects_per_second",
     IntegerSlot{at<&Group::pool, &PoolSettings::connects_per_second>, 0, 1'000'000},
     "New ones to one backend, of the whole process, divided among its shards; requests that need "
     "more wait for timeout.connect at most; 0 is no limit."},
    {"group[].retry", TableSlot{}, "When a request is tried again, on another backend."},
    {"group[].retry.attempts", IntegerSlot{at<&Group::retry, &RetrySettings::attempts>, 1, 10},
     "All tries of one request, the first included; 1 never tries again. A connection that is "
     "refused is none while another backend can be asked."},
    {"group[].retry.budget", PercentSlot{at<&Group::retry, &RetrySettings::budget>},
     "Share of the requests of the last ten seconds that may be tried again."},
    {"group[].retry.budget_floor",
     IntegerSlot{at<&Group::retry, &RetrySettings::budget_floor>, 0, 1'000'000},
     "Tries per second that the budget allows besides."},
    {"group[].retry.statuses", StatusesSlot{at<&Group::retry, &RetrySettings::statuses>, 400, 599},
     "Responses for which a request that may be repeated is tried again."},
    {"group[].retry.per_try_timeout",
     DurationSlot{at<&Group::retry, &RetrySettings::per_try_timeout>, 0s, 24h},
     "From the end of the request to the first byte of the response, when another try is left; "
     "0s is timeout.first_byte."},
    {"group[].upgrades", ProtocolsSlot{at<&Group::upgrades>},
     "Protocols that clients may change to besides websocket; h2c is a way past every rule."},
    {"group[].client_gone", word_at<&Group::client_gone>(client_gone_words),
     "What becomes of a request that came whole when its client goes away before the answer."},

    {"client", TableSlot{}, "How clients are treated."},
    {"client.timeout", TableSlot{}, "How long a client may take."},
    {"client.timeout.header",
     DurationSlot{at<&Config::http, &http::Settings::client, &ClientSettings::header_timeout>, 1ms,
                  24h},
     "For the head of a request to arrive, from its first byte."},
    {"client.timeout.body",
     DurationSlot{at<&Config::http, &http::Settings::client, &ClientSettings::body_timeout>, 1ms,
                  24h},
     "Between two arrivals of bytes of a request's body."},
    {"client.timeout.idle",
     DurationSlot{at<&Config::http, &http::Settings::client, &ClientSettings::idle_timeout>, 1ms,
                  24h},
     "That a connection may wait for its next request."},
    {"client.timeout.send",
     DurationSlot{at<&Config::http, &http::Settings::client, &ClientSettings::send_timeout>, 1ms,
                  24h},
     "That a client may take no bytes of a response."},
    {"client.timeout.linger",
     DurationSlot{at<&Config::http, &http::Settings::client, &ClientSettings::linger_timeout>, 0s,
                  1h},
     "That a client may go on sending what was answered already, so that it can read the answer."},
    {"client.rate_min",
     SizeSlot{at<&Config::http, &http::Settings::client, &ClientSettings::rate_min>, 0, 1'048'576},
     "Bytes per second of a body while it comes, over timeout.body, and of an answer while it "
     "waits "
     "to be taken, over timeout.send; 0 is content with any."},

    {"forwarding", TableSlot{}, "Which fields are added on the way to a backend, and back."},
    {"forwarding.x_forwarded_for",
     BooleanSlot{
         at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::x_forwarded_for>},
     "Tells a backend the client's address."},
    {"forwarding.x_forwarded_proto",
     BooleanSlot{
         at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::x_forwarded_proto>},
     "Tells it whether the client came by http or https."},
    {"forwarding.x_forwarded_host",
     BooleanSlot{
         at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::x_forwarded_host>},
     "Tells it the Host that the client asked for."},
    {"forwarding.x_forwarded_port",
     BooleanSlot{
         at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::x_forwarded_port>},
     "Tells it the port that the client came to."},
    {"forwarding.x_real_ip",
     BooleanSlot{at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::x_real_ip>},
     "Tells it the client's address, and that alone."},
    {"forwarding.via",
     BooleanSlot{at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::via>},
     "Adds this proxy to the Via of requests."},
    {"forwarding.via_in_responses",
     BooleanSlot{
         at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::via_in_responses>},
     "Adds this proxy to the Via of responses."},
    {"forwarding.x_request_id",
     BooleanSlot{at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::x_request_id>},
     "Gives a request that has none an id, and passes it on."},
    {"forwarding.forwarded",
     BooleanSlot{at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::forwarded>},
     "Tells a backend all of it in the field of RFC 7239."},
    {"forwarding.trailers",
     BooleanSlot{at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::trailers>},
     "Passes fields behind a body on, to backends, and to clients that said TE: trailers."},
    {"forwarding.proxy_status",
     BooleanSlot{at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::proxy_status>},
     "Tells clients in Proxy-Status (RFC 9209) who answered, or why nobody did."},
    {"forwarding.server_timing",
     BooleanSlot{
         at<&Config::http, &http::Settings::forwarding, &ForwardingSettings::server_timing>},
     "Tells clients in Server-Timing where the time went."},
    {"forwarding.trusted_proxies",
     PrefixesSlot{at<&Config::http, &http::Settings::trusted_proxies>},
     "Clients whose own word about their clients is passed on, not replaced."},

    {"errors", TableSlot{},
     "Pages to send instead of a line of text, by status; at most 32k each."},
    {"errors.400", FileSlot{error_page<400>, "\"built-in\""},
     "For requests that cannot be understood without doubt."},
    {"errors.404", FileSlot{error_page<404>, "\"built-in\""}, "For requests that no route takes."},
    {"errors.405", FileSlot{error_page<405>, "\"built-in\""}, "For methods that are refused."},
    {"errors.408", FileSlot{error_page<408>, "\"built-in\""},
     "For requests that did not come in time."},
    {"errors.413", FileSlot{error_page<413>, "\"built-in\""}, "For a body that is too long."},
    {"errors.414", FileSlot{error_page<414>, "\"built-in\""},
     "For a request line that is too long."},
    {"errors.417", FileSlot{error_page<417>, "\"built-in\""},
     "For an expectation that cannot be met."},
    {"errors.431", FileSlot{error_page<431>, "\"built-in\""}, "For a head that is too large."},
    {"errors.502", FileSlot{error_page<502>, "\"built-in\""},
     "For a backend that cannot be reached or understood."},
    {"errors.503", FileSlot{error_page<503>, "\"built-in\""}, "For want of a backend, or of room."},
    {"errors.504", FileSlot{error_page<504>, "\"built-in\""}, "For a backend that took too long."},
    {"errors.505", FileSlot{error_page<505>, "\"built-in\""}, "For versions other than HTTP/1."},

    {"limits", TableSlot{}, "What may be used up at most. What goes over is refused and counted."},
    {"limits.connections", IntegerSlot{at<&Config::limits, &Limits::connections>, 1, 10'000'000},
     "Client connections of the whole process."},
    {"limits.upstream_idle", IntegerSlot{at<&Config::limits, &Limits::upstream_idle>, 0, 1'000'000},
     "Unused connections that a shard keeps to one backend."},
    {"limits.body_memory",
     SizeSlot{at<&Config::limits, &Limits::body_memory>, 8'388'608, 4'294'967'295},
     "What bodies on their way may take up in the whole process; divided among its shards."},
    {"limits.header_bytes",
     SizeSlot{at<&Config::http, &http::Settings::head_limits, &HeadLimits::header_bytes_max>, 512,
              http::head_bytes_addressable},
     "The head of a request or response: first line and fields."},
    {"limits.header_count",
     IntegerSlot{at<&Config::http, &http::Settings::head_limits, &HeadLimits::header_count_max>, 1,
                 http::HeadEdits::fields_max},
     "Fields in one head."},
    {"limits.request_line_bytes",
     SizeSlot{at<&Config::http, &http::Settings::head_limits, &HeadLimits::request_line_max>, 64,
              http::head_bytes_addressable},
     "The first line of a request; at most header_bytes."},
    {"limits.body_bytes", LongSizeSlot{at<&Config::http, &http::Settings::request_body_bytes_max>},
     "The body of a request; 0 is no limit."},
    {"limits.pipelined", IntegerSlot{at<&Config::http, &http::Settings::pipelined_max>, 1, 65'535},
     "Requests of a connection answered in a row, each of which came before the answer to the one "
     "before it."},
    {"limits.chunk_extension_bytes",
     SizeSlot{
         at<&Config::http, &http::Settings::body_limits, &BodyLimits::chunk_extension_bytes_max>, 0,
         65'535},
     "What may follow the size of one chunk on its line; those of a whole body may be longer "
     "than its data by sixteen times that."},
    {"limits.trailer_bytes",
     SizeSlot{at<&Config::http, &http::Settings::body_limits, &BodyLimits::trailer_bytes_max>, 0,
              65'535},
     "The fields after the last chunk."},

    {"log", TableSlot{}, "What is written where."},
    {"log.file", FileSlot{at<&Config::log, &LogSettings::file>, "\"stderr\", \"stdout\""},
     "Where the lines for operators go; a file is reopened on SIGUSR1."},
    {"log.level", word_at<&Config::log, &LogSettings::level>(log_levels),
     "The least important lines that are written."},
    {"log.access", TableSlot{}, "A line for every request that has ended."},
    {"log.access.file",
     FileSlot{at<&Config::log, &LogSettings::access, &AccessLogSettings::file>,
              "\"off\", \"stdout\", \"stderr\""},
     "Where the lines go; a file is reopened on SIGUSR1."},
    {"log.access.format",
     word_at<&Config::log, &LogSettings::access, &AccessLogSettings::format>(access_formats),
     "An object per line, or the combined format with key=value behind it."},

    {"shutdown", TableSlot{}, "How the process ends."},
    {"shutdown.timeout", DurationSlot{at<&Config::shutdown_timeout>, 0s, 24h},
     "That exchanges may take to finish after SIGTERM."},
};

template <class Slot, class Answer>
std::string of_value(const Slot& slot, Answer answer) {
    const auto* value = std::get_if<ValueSlot>(&slot);
    return value == nullptr ? "" : std::visit(answer, *value);
}

}  // namespace

std::string_view Key::name() const {
    return path.substr(path.rfind('.') + 1);
}

std::string_view Key::table() const {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string Key::inner_table() const {
    return fmt::format("{}{}", path, std::holds_alternative<ListSlot>(slot) ? "[]" : "");
}

std::span<const Key> all_keys() {
    return keys;
}

const Key* find_key(KeyLookup lookup) {
    const auto* found = std::ranges::find_if(keys, [&](const Key& key) {
        return key.name() == lookup.name && key.table() == lookup.table;
    });
    return found == std::end(keys) ? nullptr : found;
}

std::string table_text(std::string_view table) {
    if (table.empty()) return "the file";
    const std::size_t dot = table.rfind('.');
    const bool is_list = table.ends_with("[]");
    if (is_list) table.remove_suffix(2);
    if (is_list && dot != std::string_view::npos) {
        return fmt::format("{} {}", table_text(table.substr(0, dot)), table.substr(dot + 1));
    }
    std::string name;
    for (const char c : table) {
        if (c != '[' && c != ']') name += c;
    }
    return is_list ? fmt::format("[[{}]]", name) : fmt::format("[{}]", name);
}

std::string type_text(const Key& key) {
    if (std::holds_alternative<TableSlot>(key.slot)) return "table";
    if (const auto* list = std::get_if<ListSlot>(&key.slot)) {
        return list->shorthand.empty() ? "array of tables" : "array of addresses or tables";
    }
    return of_value(key.slot, [](const auto& slot) { return std::string(slot.type); });
}

std::string range_text(const Key& key) {
    return of_value(key.slot, [](const auto& slot) { return slot.range(); });
}

std::string default_text(const Key& key) {
    if (key.is_required()) return "";
    Config config;
    Listen listen;
    Group group;
    Backend backend;
    const Scope scope{&config, &listen, &group, &backend};
    std::string text = of_value(key.slot, [&](const auto& slot) { return slot.text(scope); });
    return text == R"("")" ? "" : text;
}

}  // namespace ringway::config
