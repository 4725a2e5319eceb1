// A parsed head, as slices of the bytes it was parsed from. Slices are offsets, not pointers, so a
// head moves to an exchange's arena with one copy of its bytes and one of its field table, and it
// keeps the order, case and spelling its sender chose: bytes are forwarded as they came.
// A head is a view. It dies with the bytes below `base` and the table below `fields`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ringway::http {

// The longest head that offsets can address; header_bytes_max must stay below it.
inline constexpr std::uint32_t head_bytes_addressable = 65'535;

struct Slice {
    std::uint16_t begin = 0;
    std::uint16_t size = 0;
};

// The fields that a proxy itself must understand; all others are `other`.
enum class FieldId : std::uint8_t {
    other,
    connection,
    content_length,
    date,
    expect,
    forwarded,
    host,
    keep_alive,
    proxy_authenticate,
    proxy_authorization,
    proxy_connection,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    via,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_port,
    x_forwarded_proto,
    x_real_ip,
    x_request_id,
};

struct Field {
    Slice name;
    Slice value;  // Without the white space around it.
    FieldId id = FieldId::other;
};

enum class Method : std::uint8_t {
    other,
    get,
    head,
    post,
    put,
    delete_,  // NOLINT(readability-identifier-naming): without the underscore it is a keyword.
    options,
    patch,
    connect,
    trace,
};

// How a body says where it ends.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct Head {
    const char* base = nullptr;
    std::uint32_t bytes = 0;  // Length of the head, the empty line at its end included.
    std::span<const Field> fields;
    std::uint8_t minor_version = 1;  // HTTP/1.x: 0 or 1.
    Framing framing = Framing::none;
    std::uint64_t content_length = 0;  // With Framing::length.
    bool keep_alive = true;            // What the sender wishes, by version and Connection.

    std::string_view at(Slice slice) const { return {base + slice.begin, slice.size}; }
    std::string_view name(const Field& field) const { return at(field.name); }
    std::string_view value(const Field& field) const { return at(field.value); }
    // The first field of that kind, or nullptr.
    const Field* find(FieldId id) const {
        for (const Field& field : fields) {
            if (field.id == id) return &field;
        }
        return nullptr;
    }
};

struct RequestHead : Head {
    Method method = Method::other;
    Slice method_text;
    Slice target;  // As sent.
    Slice path;    // Of the target, without query; empty for "*" and authority form.
    Slice host;    // From the absolute form if there was one, else from Host; may be empty.
    bool expects_continue = false;

    // RFC 9110, 9.2.2.
    bool is_idempotent() const {
        return method != Method::post && method != Method::patch && method != Method::connect &&
               method != Method::other;
    }
};

struct ResponseHead : Head {
    std::uint16_t status = 0;
    Slice reason;

    bool is_interim() const { return status >= 100 && status < 200; }
};

// What a proxy changes in a head on its way through: fields left out, by index, and fields added
// behind the rest. The bytes of added fields live as long as the head they go with.
struct AddedField {
    std::string_view name;
    std::string_view value;
};

struct HeadEdits {
    static constexpr std::size_t fields_max = 256;
    static constexpr std::size_t added_max = 12;

    std::uint64_t dropped[fields_max / 64] = {};
    AddedField added[added_max];
    std::uint8_t added_count = 0;
    bool asks_upgrade = false;  // The request asks for another protocol: a 101 may be the answer.

    void drop(std::size_t index) { dropped[index / 64] |= std::uint64_t{1} << (index % 64); }
    bool drops_any() const { return (dropped[0] | dropped[1] | dropped[2] | dropped[3]) != 0; }
    bool is_dropped(std::size_t index) const {
        return (dropped[index / 64] >> (index % 64) & 1) != 0;
    }
    void add(std::string_view name, std::string_view value) {
        if (added_count < added_max) added[added_count++] = {name, value};
    }
};

}  // namespace ringway::http
