#include "tests/fuzz/action_words.h"

#include <charconv>

namespace ringway::fuzz {

namespace {

constexpr RequestWord requests[] = {
    /* 0 */ {"GET /{} HTTP/1.1\r\nHost: a\r\n\r\n"},
    /* 1 */ {"GET /{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"},
    /* 2 */ {"GET /{} HTTP/1.0\r\n\r\n"},
    /* 3 */ {"GET /{} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
    /* 4 */ {"HEAD /{} HTTP/1.1\r\nHost: a\r\n\r\n"},
    /* 5 */
    {"POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", Ask::unsafe},
    /* 6 */
    {"POST /{} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: t\r\n\r\n",
     Ask::unsafe},
    /* 7 */ {"PUT /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    /* 8 */ {"PUT /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n{3000}"},
    /* 9 */
    {"POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n", Ask::unsafe_open},
    /* a */
    {"POST /{} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", Ask::unsafe_open},
    /* b */
    {"POST /{} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
     Ask::unsafe_open},
    /* c */
    {"GET /{} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", Ask::open},
    /* d */
    {"GET /{} HTTP/1.1\r\nHost: a\r\n\r\nGET /{} HTTP/1.1\r\nHost: a\r\n\r\n"},
    /* e */ {"OPTIONS * HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n"},
    /* f */ {"GET /{} HTTP/1.1\r\nHost: a\r\nCookie: {1500}\r\n\r\n"},
    /* g */ {"GET http://b/{} HTTP/1.1\r\nHost: b\r\n\r\n"},
    /* h */ {"\r\nDELETE /{} HTTP/1.1\r\nHost: a\r\n\r\n"},
    /* i */
    {"GET /{} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"},
    /* j */ {"PUT /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n", Ask::open},
    /* k */
    {"POST /{} HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", Ask::unsafe},
};

constexpr std::string_view hostile[] = {
    /* 0 */
    "POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\n\r\nGET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
    /* 1 */ "GET /{} HTTP/1.1\nHost: a\r\n\r\n",
    /* 2 */ "GET /{} HTTP/1.1\r\nHost: a\r\nX: {}\r\n folded\r\n\r\n",
    /* 3 */ "GET /{} HTTP/1.1\r\nHost : a\r\n\r\n",
    /* 4 */ "POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}",
    /* 5 */ "POST /{} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n{}",
    /* 6 */ "GET /{} HTTP/1.1\r\n\r\n",
    /* 7 */ "GET /{} HTTP/2.0\r\nHost: a\r\n\r\n",
    /* 8 */ "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nX: {}\r\n\r\n",
    /* 9 */ "TRACE /{} HTTP/1.1\r\nHost: a\r\n\r\n",
    /* a */ "GET /{} HTTP/1.1\r\nHost: a\r\nCookie: {2500}\r\n\r\n",
    /* b */ "GET /{600} HTTP/1.1\r\nHost: a\r\n\r\n",
    /* c */ "GET /{} HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
    /* d */ "POST /{} HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 4\r\n\r\n{}",
    /* e */ "POST /{} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{}\r\n0\r\n\r\n",
    /* f */
    "GET /{} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Content-Length: 4\r\n\r\n{}",
    /* g */ "POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\n{}",
    /* h */ "GET /{} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    /* i */ "GET /{}\r\n\r\n",
};

constexpr AnswerWord answers[] = {
    /* 0 */ {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"},
    /* 1 */ {"HTTP/1.1 200 OK\r\nETag: {}\r\nContent-Length: 0\r\n\r\n"},
    /* 2 */ {"HTTP/1.1 204 No Content\r\nETag: {}\r\n\r\n"},
    /* 3 */ {"HTTP/1.1 304 Not Modified\r\nETag: {}\r\n\r\n"},
    /* 4 */
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}\r\na;x\r\n{}{}\r\n"
     "0\r\nTrailer: {}\r\n\r\n"},
    /* 5 */ {"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n{3000}"},
    /* 6 */ {"HTTP/1.1 503 Busy\r\nETag: {}\r\nContent-Length: 0\r\n\r\n"},
    /* 7 */
    {"HTTP/1.1 503 Busy\r\nConnection: close\r\nETag: {}\r\nContent-Length: 5\r\n\r\n{}"},
    /* 8 */ {"HTTP/1.1 200 OK\r\nETag: {}\r\n\r\n", Said::part},
    /* 9 */ {"HTTP/1.1 100 Continue\r\n\r\n", Said::part},
    /* a */ {"HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", Said::part},
    /* b */
    {"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nETag: {}\r\n\r\n{}",
     Said::part},
    /* c */
    {"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nETag: {}\r\n\r\n", Said::part},
    /* d */ {"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", Said::part},
    /* e */ {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Said::part},
    /* f */
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{}", Said::part},
    /* g */ {"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n{}", Said::part},
    /* h */ {"{} is not HTTP\r\n\r\n", Said::part},
    /* i */ {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}{}", Said::part},
    /* j */ {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 5\r\n\r\n{}"},
    /* k */ {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n{}"},
    /* l */ {"HTTP/1.1 200 OK\r\nSet-Cookie: {1500}\r\nContent-Length: 5\r\n\r\n{}"},
    /* m */ {"HTTP/1.1 200 OK\r\nSet-Cookie: {2500}\r\nContent-Length: 5\r\n\r\n{}"},
    /* n */ {"HTTP/1.1 200 OK\r\nETag: {}", Said::part},
    /* o */ {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n{}"},
    /* p */
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
     Said::part},
    /* q */
    {"HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"},
};

}  // namespace

std::span<const RequestWord> request_words() {
    return requests;
}
std::span<const std::string_view> hostile_words() {
    return hostile;
}
std::span<const AnswerWord> answer_words() {
    return answers;
}

std::string filled_with(std::string_view mark, std::size_t bytes) {
    std::string filled;
    while (filled.size() < bytes) filled += mark;
    filled.resize(bytes);
    return filled;
}

std::string with_mark(std::string_view text, std::string_view mark) {
    std::string said;
    for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
        const std::size_t close = text.find('}', open);
        std::size_t bytes = mark.size();
        std::from_chars(text.data() + open + 1, text.data() + close, bytes);
        said.append(text.substr(0, open)).append(filled_with(mark, bytes));
        text.remove_prefix(close + 1);
    }
    return said.append(text);
}

}  // namespace ringway::fuzz
