#include "http/h1_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/check.h"
#include "core/short_copy.h"

namespace ringway::http {
namespace {

// A text of the program, as an argument of a template: its length is known to the compiler, and
// nothing that is not a whole literal fits.
template <std::size_t N>
struct Literal {
    char text[N]{};

    consteval Literal(const char (&literal)[N]) { std::copy_n(literal, N, text); }
    static constexpr std::size_t size = N - 1;
};

constexpr Literal crlf = "\r\n";

// The parts of a head that come neither from the head nor from the edits: version, status, framing,
// connection, line ends. 9 + 3 + 2 + 28 + 24 + 2, and some for a "/" or a space that was missing.
constexpr std::size_t frame_bytes_max = 96;

class Pen {
public:
    explicit Pen(std::span<char> space) : begin_(space.data()), at_(space.data()) {}

    void put(std::string_view text) { at_ = core::copy_short(text, at_); }
    void put(char byte) { *at_++ = byte; }
    // One store or two.
    template <Literal literal>
    void put() {
        static_assert(std::string_view(literal.text).size() == literal.size);
        std::memcpy(at_, literal.text, literal.size);
        at_ += literal.size;
    }
    std::size_t written() const { return static_cast<std::size_t>(at_ - begin_); }

private:
    char* begin_;
    char* at_;
};

// The index of the next field at or after `index` for which is_dropped is `wanted`, at most count.
std::size_t find_next(const HeadEdits& edits, bool wanted, std::size_t index, std::size_t count) {
    while (index < count) {
        const std::uint64_t word = wanted ? edits.dropped[index / 64] : ~edits.dropped[index / 64];
        const std::uint64_t rest = word >> (index % 64);
        if (rest != 0)
            return std::min(index + static_cast<std::size_t>(std::countr_zero(rest)), count);
        index = (index / 64 + 1) * 64;
    }
    return count;
}

// Where the line of a field begins; behind the last one, where the empty line does.
std::size_t line_begin(const Head& head, std::size_t index) {
    return index < head.fields.size() ? head.fields[index].name.begin : head.bytes - crlf.size;
}

// Fields lie one behind the other, so what is kept goes in as few copies as there are gaps.
void put_kept_fields(const Head& head, const HeadEdits& edits, Pen& pen) {
    const std::size_t count = head.fields.size();
    if (!edits.drops_any()) {
        const std::size_t begin = line_begin(head, 0);
        return pen.put({head.base + begin, line_begin(head, count) - begin});
    }
    std::size_t index = find_next(edits, false, 0, count);
    while (index < count) {
        const std::size_t behind = find_next(edits, true, index, count);
        const std::size_t begin = line_begin(head, index);
        pen.put({head.base + begin, line_begin(head, behind) - begin});
        index = find_next(edits, false, behind, count);
    }
}

void put_fields(const Head& head, const HeadEdits& edits, WriteOptions options, Pen& pen) {
    put_kept_fields(head, edits, pen);
    for (std::size_t i = 0; i < edits.added_count; ++i) {
        pen.put(edits.added[i].name);
        pen.put<": ">();
        pen.put(edits.added[i].value);
        pen.put<crlf>();
    }
    if (options.framing == Framing::chunked) pen.put<"Transfer-Encoding: chunked\r\n">();
    switch (options.connection) {
        case ConnectionField::none:
            break;
        case ConnectionField::close:
            pen.put<"Connection: close\r\n">();
            break;
        case ConnectionField::keep_alive:
            pen.put<"Connection: keep-alive\r\n">();
            break;
    }
    pen.put<crlf>();
}

// Absolute targets are for proxies; a backend gets the path and, in Host, the authority
// (RFC 9112, 3.2.1 and 3.2.4).
void put_target(const RequestHead& head, Pen& pen) {
    const std::string_view target = head.at(head.target);
    const bool is_absolute = target.front() != '/' && target != "*";
    if (!is_absolute) return pen.put(target);
    const std::string_view from_path =
        target.substr(static_cast<std::size_t>(head.path.begin - head.target.begin));
    if (from_path.empty() && head.method == Method::options) return pen.put('*');
    if (!from_path.starts_with('/')) pen.put('/');
    pen.put(from_path);
}

}  // namespace

std::size_t written_size_max(const Head& head, const HeadEdits& edits) {
    std::size_t size = head.bytes + frame_bytes_max;
    for (std::size_t i = 0; i < edits.added_count; ++i) {
        size += edits.added[i].name.size() + edits.added[i].value.size() + 4;
    }
    return size;
}

std::size_t write_request_head(const RequestHead& head, const HeadEdits& edits,
                               WriteOptions options, std::span<char> space) {
    CHECK(space.size() >= written_size_max(head, edits));
    Pen pen(space);
    pen.put(head.at(head.method_text));
    pen.put(' ');
    put_target(head, pen);
    pen.put<" HTTP/1.1\r\n">();
    put_fields(head, edits, options, pen);
    return pen.written();
}

std::size_t write_response_head(const ResponseHead& head, const HeadEdits& edits,
                                WriteOptions options, std::span<char> space) {
    CHECK(space.size() >= written_size_max(head, edits));
    CHECK(head.status >= 100 && head.status <= 999);
    Pen pen(space);
    pen.put<"HTTP/1.1 ">();
    for (const int power : {100, 10, 1}) pen.put(static_cast<char>('0' + head.status / power % 10));
    pen.put(' ');
    pen.put(head.at(head.reason));
    pen.put<crlf>();
    put_fields(head, edits, options, pen);
    return pen.written();
}

}  // namespace ringway::http
