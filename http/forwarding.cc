#include "http/forwarding.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/field_text.h"
#include "http/request_id.h"
#include "http/trailers.h"

namespace ringway::http {
namespace {

// A set of FieldIds as bits.
class FieldSet {
public:
    constexpr FieldSet(std::initializer_list<FieldId> ids) {
        for (const FieldId id : ids) bits_ |= bit(id);
    }
    constexpr FieldSet operator|(FieldSet other) const {
        other.bits_ |= bits_;
        return other;
    }
    constexpr bool has(FieldId id) const { return (bits_ & bit(id)) != 0; }
    constexpr void insert(FieldId id) { bits_ |= bit(id); }

private:
    static constexpr std::uint64_t bit(FieldId id) {
        return std::uint64_t{1} << static_cast<unsigned>(id);
    }
    std::uint64_t bits_ = 0;
};

// Meant for this hop (RFC 9110, 7.6.1). What of TE concerns the backend is added again.
constexpr FieldSet hop_by_hop = {
    FieldId::connection,          FieldId::keep_alive,       FieldId::proxy_authenticate,
    FieldId::proxy_authorization, FieldId::proxy_connection, FieldId::te,
    FieldId::transfer_encoding,   FieldId::upgrade,
};

// Who heard of trailers that are dropped would wait for them.
constexpr FieldSet dropped_by(const ForwardingSettings& settings) {
    return settings.trailers ? hop_by_hop : hop_by_hop | FieldSet{FieldId::trailer};
}

// What only a trusted proxy may say about the client behind it.
constexpr FieldSet about_the_client = {
    FieldId::forwarded,        FieldId::x_forwarded_for,   FieldId::x_forwarded_host,
    FieldId::x_forwarded_port, FieldId::x_forwarded_proto, FieldId::x_real_ip,
};

// Fields that a Connection field may not take away, as a backend relies on them for framing, for
// routing, or for knowing who asks (RFC 9110, 7.6.1: "not … intended for all recipients"). A client
// that names them does not mean this hop; it tries what happens behind it.
constexpr FieldSet protected_fields =
    about_the_client | FieldSet{
                           FieldId::content_length, FieldId::date, FieldId::expect,
                           FieldId::host,           FieldId::via,  FieldId::x_request_id,
                       };

constexpr std::array<std::string_view, 11> protected_names = {
    "accept",        "authorization", "cache-control", "content-encoding",
    "content-range", "content-type",  "cookie",        "location",
    "origin",        "range",         "set-cookie",
};

bool is_protected(const Field& field, std::string_view name) {
    if (field.id != FieldId::other) return protected_fields.has(field.id);
    return std::ranges::any_of(
        protected_names, [=](std::string_view other) { return equals_ignoring_case(name, other); });
}

bool are_same_names(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto differing = static_cast<unsigned>(a[i] ^ b[i]);
        if (differing == 0) continue;
        const char lower = static_cast<char>(a[i] | 0x20);
        if (differing != 0x20 || lower < 'a' || lower > 'z') return false;
    }
    return true;
}

void drop_named(const Head& head, std::string_view option, HeadEdits& edits) {
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        const Field& field = head.fields[i];
        const std::string_view name = head.name(field);
        if (are_same_names(name, option) && !is_protected(field, name)) edits.drop(i);
    }
}

// The options that name no field, or one that is dropped anyway; nearly all there are.
bool names_nothing_more(std::string_view option) {
    switch (option.size()) {
        case 2:
            return equals_ignoring_case(option, "te");
        case 5:
            return equals_ignoring_case(option, "close");
        case 7:
            return equals_ignoring_case(option, "upgrade");
        case 10:
            return equals_ignoring_case(option, "keep-alive");
    }
    return false;
}

void drop_listed(const Head& head, std::string_view options, HeadEdits& edits) {
    for (ListReader list(options); list.next();) {
        if (!names_nothing_more(list.element())) drop_named(head, list.element(), edits);
    }
}

}  // namespace

bool lists_fields(const Head& head) noexcept {
    for (const Field& field : head.fields) {
        if (field.id != FieldId::connection) continue;
        for (ListReader list(head.value(field)); list.next();) {
            if (!names_nothing_more(list.element())) return true;
        }
    }
    return false;
}

namespace {

// "X-Forwarded-Prefix", and "X_Forwarded-For", which CGI and its heirs cannot tell from the real
// one. Also "Proxy", which the same turn into HTTP_PROXY.
bool is_spoof(std::string_view name) {
    constexpr std::string_view prefix = "x-forwarded-";
    constexpr std::string_view real_ip = "x-real-ip";
    const char first = static_cast<char>(name[0] | 0x20);
    if (first != 'x') return false;
    const auto matches = [name](std::string_view lower) {
        for (std::size_t i = 0; i < lower.size(); ++i) {
            const char byte = name[i] == '_' ? '-' : static_cast<char>(name[i] | 0x20);
            if (byte != lower[i]) return false;
        }
        return true;
    };
    if (name.size() == real_ip.size()) return matches(real_ip);
    return name.size() > prefix.size() && matches(prefix);
}

bool is_httpoxy(std::string_view name) {
    return name.size() == 5 && (name[0] | 0x20) == 'p' && equals_ignoring_case(name, "proxy");
}

// Composes values in the caller's memory.
class Arena {
public:
    explicit Arena(std::span<char> space) : space_(space) {}

    // Appends to the value begun; false, and no more than was there, when it does not fit.
    bool append(std::string_view text) {
        if (text.size() > space_.size() - used_) return false;
        std::memcpy(space_.data() + used_, text.data(), text.size());
        used_ += text.size();
        return true;
    }
    std::size_t mark() const { return used_; }
    std::string_view since(std::size_t mark) const { return {space_.data() + mark, used_ - mark}; }
    void reset(std::size_t mark) { used_ = mark; }

private:
    std::span<char> space_;
    std::size_t used_ = 0;
};

class RequestEdit {
public:
    RequestEdit(const RequestHead& head, const ForwardingContext& context, Arena arena,
                HeadEdits& edits)
        : head_(head), context_(context), arena_(arena), edits_(edits) {}

    void drop_fields(const ForwardingSettings& settings);
    void add_fields(const ForwardingSettings& settings);

private:
    void drop_all(FieldId id);
    void settle_host();
    void add_forwarded_for();
    void add_forwarded();
    bool compose_forwarded(std::string_view host);
    void add_via();
    void add_request_id();
    void add_te();
    // Adds unless a trusted client said it already.
    void add_unless_said(FieldId id, std::string_view name, std::string_view value) {
        const bool is_said = context_.trusts_client && seen_.has(id);
        if (!is_said && !value.empty()) edits_.add(name, value);
    }

    const RequestHead& head_;
    const ForwardingContext& context_;
    Arena arena_;
    HeadEdits& edits_;
    FieldSet seen_{};
};

void RequestEdit::drop_fields(const ForwardingSettings& settings) {
    const FieldSet hop = dropped_by(settings);
    const FieldSet dropped = context_.trusts_client ? hop : hop | about_the_client;
    for (std::size_t i = 0; i < head_.fields.size(); ++i) {
        const Field& field = head_.fields[i];
        if (field.id == FieldId::other) {
            const std::string_view name = head_.name(field);
            if (is_httpoxy(name) || (!context_.trusts_client && is_spoof(name))) edits_.drop(i);
            continue;
        }
        seen_.insert(field.id);
        if (dropped.has(field.id)) edits_.drop(i);
        if (field.id == FieldId::connection) drop_listed(head_, head_.value(field), edits_);
    }
}

void RequestEdit::drop_all(FieldId id) {
    for (std::size_t i = 0; i < head_.fields.size(); ++i) {
        if (head_.fields[i].id == id) edits_.drop(i);
    }
}

// What is sent is HTTP/1.1 in origin form, so there must be one Host and it must be the one that
// was routed by.
void RequestEdit::settle_host() {
    const Field* const field = head_.find(FieldId::host);
    if (head_.host.size == 0) {
        edits_.add("Host", context_.default_host);
    } else if (field == nullptr || field->value.begin != head_.host.begin) {
        drop_all(FieldId::host);
        edits_.add("Host", head_.at(head_.host));
    }
}

void RequestEdit::add_forwarded_for() {
    if (!context_.trusts_client || !seen_.has(FieldId::x_forwarded_for)) {
        return edits_.add("X-Forwarded-For", context_.client_host);
    }
    // One field for all, because many backends read only one. If the chain is too long for that, a
    // second field says the same (RFC 9110, 5.3).
    const std::size_t mark = arena_.mark();
    bool fits = true;
    for (const Field& field : head_.fields) {
        if (field.id != FieldId::x_forwarded_for || field.value.size == 0) continue;
        fits = fits && arena_.append(head_.value(field)) && arena_.append(", ");
    }
    fits = fits && arena_.append(context_.client_host);
    if (!fits) {
        arena_.reset(mark);
        return edits_.add("X-Forwarded-For", context_.client_host);
    }
    drop_all(FieldId::x_forwarded_for);
    edits_.add("X-Forwarded-For", arena_.since(mark));
}

// Behind what a trusted proxy said, which stays as it came: a list may be in parts.
void RequestEdit::add_forwarded() {
    const std::size_t mark = arena_.mark();
    if (!compose_forwarded(head_.at(head_.host))) {
        // A host so long is left out: who the client is matters more.
        arena_.reset(mark);
        if (!compose_forwarded({})) return arena_.reset(mark);
    }
    edits_.add("Forwarded", arena_.since(mark));
}

// The bytes that a host may have need no escapes between quotes.
bool RequestEdit::compose_forwarded(std::string_view host) {
    const std::string_view client = context_.client_host;
    const bool is_ipv6 = client.find(':') != std::string_view::npos;
    const bool is_ipv4 = !client.empty() && client[0] >= '0' && client[0] <= '9';
    bool fits = arena_.append(is_ipv6 ? "for=\"[" : "for=");
    fits = fits && arena_.append(is_ipv6 || is_ipv4 ? client : "unknown");
    fits = fits && arena_.append(is_ipv6 ? "]\"" : "");
    if (!host.empty()) {
        fits = fits && arena_.append(";host=\"") && arena_.append(host) && arena_.append("\"");
    }
    return fits && arena_.append(";proto=") && arena_.append(context_.scheme);
}

// Via names the version the message came in. The fields that came stay: a list may be in parts.
void RequestEdit::add_via() {
    std::string_view via = context_.via;
    constexpr std::string_view version = "1.1";
    if (head_.minor_version == 0 && via.starts_with(version)) {
        const std::size_t mark = arena_.mark();
        if (arena_.append("1.0") && arena_.append(via.substr(version.size()))) {
            via = arena_.since(mark);
        }
    }
    if (!via.empty()) edits_.add("Via", via);
}

void RequestEdit::add_request_id() {
    if (context_.request_id.empty()) return;
    if (seen_.has(FieldId::x_request_id)) {
        if (!request_id_in(head_).empty()) return;
        drop_all(FieldId::x_request_id);
    }
    edits_.add("X-Request-Id", context_.request_id);
}

// We take no other coding than chunked. TE is for one hop, and Connection must say so (RFC 9110,
// 10.1.4); a backend asked to change the protocol reads one option there, so it is asked for no
// trailers.
void RequestEdit::add_te() {
    if (context_.asks_upgrade || !accepts_trailers(head_)) return;
    edits_.add("Connection", "TE");
    edits_.add("TE", "trailers");
}

void RequestEdit::add_fields(const ForwardingSettings& settings) {
    settle_host();
    if (settings.x_forwarded_for) add_forwarded_for();
    if (settings.x_forwarded_proto) {
        add_unless_said(FieldId::x_forwarded_proto, "X-Forwarded-Proto", context_.scheme);
    }
    if (settings.x_forwarded_host) {
        add_unless_said(FieldId::x_forwarded_host, "X-Forwarded-Host", head_.at(head_.host));
    }
    if (settings.x_forwarded_port) {
        add_unless_said(FieldId::x_forwarded_port, "X-Forwarded-Port", context_.listen_port);
    }
    if (settings.x_real_ip) {
        add_unless_said(FieldId::x_real_ip, "X-Real-IP", context_.client_host);
    }
    if (settings.forwarded) add_forwarded();
    if (settings.via) add_via();
    if (settings.x_request_id) add_request_id();
    if (settings.trailers && seen_.has(FieldId::te)) add_te();
}

}  // namespace

void edit_request(const RequestHead& head, const ForwardingContext& context,
                  const ForwardingSettings& settings, std::span<char> arena, HeadEdits& edits) {
    RequestEdit edit(head, context, Arena(arena), edits);
    edit.drop_fields(settings);
    edit.add_fields(settings);
}

void edit_response(const ResponseHead& head, const ForwardingContext& context,
                   const ForwardingSettings& settings, HeadEdits& edits) {
    // RFC 9110, 8.6: these have no Content-Length, whatever the backend says.
    const bool has_no_length = head.is_interim() || head.status == 204;
    const FieldSet dropped = dropped_by(settings);
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        const Field& field = head.fields[i];
        if (field.id == FieldId::other) continue;
        if (dropped.has(field.id)) edits.drop(i);
        if (has_no_length && field.id == FieldId::content_length) edits.drop(i);
        if (field.id == FieldId::connection) drop_listed(head, head.value(field), edits);
    }
    if (settings.via_in_responses && !context.via.empty()) edits.add("Via", context.via);
}

}  // namespace ringway::http
