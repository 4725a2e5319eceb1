#include "tests/http/session_fixture.h"

#include <fmt/format.h>

#include "http/forwarding.h"

namespace ringway::http::fakes {

void Recorded::answer(std::string_view head_text, std::string_view answer_body, bool finishes) {
    const tests::ParsedResponse head = tests::parse_response(head_text, method);
    ASSERT_EQ(head.result, Parse::complete) << head_text;
    HeadEdits edits;
    edit_response(head.head, {}, {}, edits);
    client_.send_head(head.head, edits);
    if (is_gone) return;
    send_body(answer_body);
    if (finishes) return finish();
    client_.flush();
}

void Recorded::send_body(std::string_view text) {
    while (!text.empty()) {
        core::Buffer piece = pool->try_take();
        ASSERT_TRUE(piece);
        const std::size_t size = std::min(text.size(), piece.back_room().size());
        piece.append(std::as_bytes(std::span{text.data(), size}));
        text.remove_prefix(size);
        client_.send_body(std::move(piece));
    }
    client_.flush();
}

void Recorded::send_trailers(std::string_view lines) {
    core::Buffer buffer = pool->try_take();
    ASSERT_TRUE(buffer);
    buffer.append(std::as_bytes(std::span{lines.data(), lines.size()}));
    client_.send_trailers(std::move(buffer));
}

void Recorded::on_request_end() {
    EXPECT_FALSE(has_ended || is_over);
    has_ended = true;
    if (!echoes) return;
    const std::string said = fmt::format("{} {}", target, body);
    answer(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", said.size()),
           method == Method::head ? "" : said);
}

SessionHost::SessionHost(sim::SimNet& net, const core::Address& address)
    : io_(net,
          {.host = address, .bulk_pool = {.count = 4, .bytes_each = 131'072, .front_room = 512}}),
      timers_(io_.clock().now()),
      context_{.io = io_,
               .timers = timers_,
               .settings = settings,
               .small_buffers = small,
               .large_buffers = large,
               .counters = counters,
               .field_table = field_table_},
      listen_fd_(io_.listen(address)) {
    io_.accept(accept_.then<&SessionHost::on_accepted>(), listen_fd_);
}

void SessionHost::tick() {
    io_.run_once(timers_.next_deadline(), *this);
    timers_.advance(io_.clock().now());
    io_.pool(core::Pool::client).resume_waiters();
}

void SessionHost::on_accepted(core::Outcome outcome) noexcept {
    if (outcome.result >= 0) {
        sessions.push_back(new H1Session{
            context_, H1Session::Options{.owner = *this, .sinks = *this, .arrival = arrival_}});
        sessions.back()->start(outcome.result, {});
    }
    if (!outcome.more && !is_stopping_) {
        io_.accept(accept_.then<&SessionHost::on_accepted>(), listen_fd_);
    }
}

void SessionHost::on_session_closed(H1Session& session) {
    std::erase(sessions, &session);
    closed++;
    delete &session;
}

RequestSink* SessionHost::begin(ClientSide& client, const RequestHead& head) {
    if (refuse_with) {
        client.reply({.reason = *refuse_with});
        return nullptr;
    }
    requests.push_back(std::make_unique<Recorded>(client, head));
    requests.back()->echoes = echoes;
    requests.back()->grants = grants;
    requests.back()->pool = &io_.pool(core::Pool::upstream);
    return requests.back().get();
}

bool SessionHost::finish() {
    if (!is_stopping_) {
        is_stopping_ = true;
        if (accept_.in_flight()) io_.cancel(accept_);
        const core::Error cut{.code = core::Errc::canceled};
        for (H1Session* session : std::vector(sessions)) session->begin_close(cut);
    }
    if (io_.in_flight() > 0) return false;
    if (listen_fd_ >= 0) io_.close_listener(std::exchange(listen_fd_, -1));
    return true;
}

}  // namespace ringway::http::fakes
