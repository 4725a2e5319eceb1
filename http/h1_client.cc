#include "http/h1_client.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "http/chunk_output.h"
#include "http/h1_writer.h"

namespace ringway::http {

namespace {

// Keep-Alive: timeout=5, max=100
core::Duration idle_timeout_in(const ResponseHead& head) {
    const Field* field = head.find(FieldId::keep_alive);
    if (field == nullptr) return {};
    const std::string_view value = head.value(*field);
    constexpr std::string_view name = "timeout=";
    const std::size_t at = value.find(name);
    if (at == value.npos) return {};
    unsigned seconds = 0;
    const char* begin = value.data() + at + name.size();
    const auto parsed = std::from_chars(begin, value.data() + value.size(), seconds);
    if (parsed.ec != std::errc{} || seconds > 86'400) return {};
    return std::chrono::seconds(seconds);
}

}  // namespace

H1Client::H1Client(Context& context, H1ClientOwner& owner, const UpstreamTimeouts& timeouts)
    : context_(context),
      owner_(owner),
      timeouts_(timeouts),
      stream_(context.io, *this, {.pool = core::Pool::upstream, .side = core::Side::upstream}) {}

H1Client::~H1Client() {
    CHECK(sink_ == nullptr);
}

core::Result<void> H1Client::connect(const core::Address& peer) {
    CHECK(state_ == State::unused);
    if (core::Result<void> begun = stream_.connect(peer); !begun) return begun;
    state_ = State::connecting;
    arm_timer(timeouts_.connect);
    return {};
}

void H1Client::on_connected() {
    state_ = State::idle;
    arm_timer(timeouts_.idle);
    stream_.receive();
    owner_.on_client_connected(*this);
}

// --- A request out ------------------------------------------------------------------------------

void H1Client::begin_exchange(ResponseSink& sink) {
    CHECK(state_ == State::idle);
    state_ = State::awaiting_head;
    sink_ = &sink;
    exchanges_++;
    allowed_ = 0;
    is_held_ = false;
    request_ended_ = false;
    progress_.forget();
    response_began_ = false;
    interim_heads_ = 0;
    keep_alive_ = false;
    request_bytes_ = 0;
    request_is_lost_ = false;
    began_at_ = context_.now();
    try_timeout_ = {};
    arm_timer(first_byte_timeout());
}

void H1Client::set_try_timeout(core::Duration timeout) {
    try_timeout_ = timeout;
    arm_timer(timeout);
}

core::Duration H1Client::first_byte_timeout() const {
    return try_timeout_.count() > 0 ? try_timeout_ : timeouts_.first_byte;
}

void H1Client::send_head(const RequestHead& head, const HeadEdits& edits) {
    request_method_ = head.method;
    request_framing_ = head.framing;
    asks_upgrade_ = edits.asks_upgrade;
    core::Buffer space = context_.take_buffer(written_size_max(head, edits));
    if (!space) return lose_request();
    const std::span<std::byte> room = space.back_room();
    space.extend(write_request_head(head, edits, {.framing = head.framing},
                                    {reinterpret_cast<char*>(room.data()), room.size()}));
    count_request(space.size());
    stream_.output().push(std::move(space));
}

// A part of the request could not be written. What follows it must not be sent, for the backend
// would read it as something else: a body as a request. The exchange hears of it from the timer.
void H1Client::lose_request() {
    context_.counters.memory_refusals.add();
    request_is_lost_ = true;
    arm_timer(core::Duration{0});
}

void H1Client::count_request(std::size_t bytes) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    request_bytes_ =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(request_bytes_ + bytes, most));
}

void H1Client::send_body(core::Buffer bytes) {
    if (bytes.size() == 0 || request_is_lost_) return;
    count_request(bytes.size());
    if (request_framing_ != Framing::chunked) return stream_.output().push(std::move(bytes));
    if (!push_chunk(stream_.output(), std::move(bytes), context_.small_buffers)) lose_request();
}

void H1Client::send_trailers(core::Buffer lines) {
    if (request_framing_ != Framing::chunked || request_is_lost_) return;
    count_request(lines.size());
    if (!push_last_chunk(stream_.output(), std::move(lines), context_.small_buffers)) {
        return lose_request();
    }
    request_framing_ = Framing::none;  // That was the last chunk.
}

void H1Client::flush() {
    if (!request_is_lost_) stream_.flush();
}

void H1Client::end_request() {
    request_ended_ = true;
    if (request_is_lost_) return;
    // One that goes out whole in the tick it began in has its timer already.
    if (context_.now() > began_at_) arm_timer(first_byte_timeout());
    if (request_framing_ == Framing::chunked &&
        !push_last_chunk(stream_.output(), context_.small_buffers)) {
        return lose_request();
    }
    stream_.flush();
}

void H1Client::on_drained() {
    progress_.forget();
    if (state_ == State::releasing) return release_if_drained();
    if (sink_ != nullptr) sink_->on_upstream_drained();
}

// --- Its response in ----------------------------------------------------------------------------

void H1Client::on_bytes(core::Buffer bytes) {
    if (state_ == State::idle) return end();
    if (state_ == State::closing) return;
    // Its head may not have left, or never will, and the timer that tells so comes a tick later.
    if (!response_began_ && request_is_lost_) return fail_for_memory();
    if (!response_began_ && came_before_request()) {
        const bool has_left = request_bytes_ > 0 && context_.now() > began_at_;
        return fail(upstream_error(core::Errc::malformed,
                                   has_left ? core::Retry::if_reused : core::Retry::yes,
                                   "bytes unasked for"));
    }
    response_began_ = true;
    const std::uint64_t exchange = exchanges_;
    while (bytes && bytes.size() > 0) {
        if (state_ == State::awaiting_head) {
            bytes = parse_head(std::move(bytes));
        } else if (state_ == State::reading_body) {
            read_body(std::move(bytes));
            break;
        } else {
            return;
        }
    }
    // The connection may have a new exchange by now, that began when the old one ended.
    if (exchange != exchanges_) return;
    if (state_ == State::awaiting_head || state_ == State::reading_body) pause();
}

// What is started in a tick is submitted with the next one: these bytes were on their way when the
// connection was still idle, though they may have waited for a buffer since.
bool H1Client::came_before_request() const {
    return request_bytes_ == 0 || stream_.arrived_at() <= began_at_;
}

core::Buffer H1Client::parse_head(core::Buffer bytes) {
    const bool is_first = pending_.empty();
    if (!is_first && !pending_.append(context_, std::move(bytes))) {
        fail(upstream_error(core::Errc::no_buffers, core::Retry::never, "pools are dry"));
        return {};
    }
    // They were moved only if these are not the first: NOLINTNEXTLINE(bugprone-use-after-move)
    const std::string_view text = is_first ? text_of(bytes) : pending_.text();
    ResponseHead head;
    Refusal refusal = Refusal::none;
    switch (parse_response_head({.bytes = text, .seen = pending_.seen()},
                                context_.settings.head_limits, request_method_,
                                context_.field_table, head, refusal)) {
        case Parse::complete:
            if (!is_first) bytes = pending_.take();
            return begin_response(head, std::move(bytes));
        case Parse::refused:
            fail(upstream_error(core::Errc::malformed, core::Retry::never, "malformed response"));
            return {};
        case Parse::incomplete:
            break;
    }
    if (is_first && !pending_.append(context_, std::move(bytes))) {
        fail(upstream_error(core::Errc::no_buffers, core::Retry::never, "pools are dry"));
        return {};
    }
    pending_.set_seen();
    return {};
}

core::Buffer H1Client::begin_response(const ResponseHead& head, core::Buffer bytes) {
    if (head.status == 101 && !asks_upgrade_) {
        fail(upstream_error(core::Errc::malformed, core::Retry::never, "101 without being asked"));
        return {};
    }
    // They pass by the windows of bodies: without end they would fill the memory of a slow client.
    if (head.is_interim() && ++interim_heads_ > interim_heads_max) {
        fail(upstream_error(core::Errc::over_limit, core::Retry::never, "interim without end"));
        return {};
    }
    const std::size_t head_bytes = head.bytes;
    BodyReader::Progress progress;
    if (!head.is_interim()) {
        // What came of the body is read first: while its head is not told of, a response that is
        // no good can still be answered for.
        body_ = BodyReader{head.framing, head.content_length, context_.settings.body_limits};
        progress = body_.read(bytes.bytes().subspan(head_bytes));
        if (progress.refusal != Refusal::none) {
            fail(upstream_error(core::Errc::malformed, core::Retry::never, "malformed body"));
            return {};
        }
        state_ = State::reading_body;
        keep_alive_ = head.keep_alive;
        announced_idle_ = idle_timeout_in(head);
        answered_after_ = context_.now() - began_at_;
    }
    sink_->on_response_head(head);
    bytes.drop_front(head_bytes);
    if (state_ == State::releasing) {
        keep_early(std::move(bytes));
        return {};
    }
    if (state_ != State::reading_body) return bytes;
    deliver_body(std::move(bytes), progress);
    return {};
}

void H1Client::read_body(core::Buffer bytes) {
    const BodyReader::Progress progress = body_.read(bytes.bytes());
    if (progress.refusal != Refusal::none) {
        return fail(upstream_error(core::Errc::malformed, core::Retry::never, "malformed body"));
    }
    deliver_body(std::move(bytes), progress);
}

void H1Client::deliver_body(core::Buffer bytes, const BodyReader::Progress& progress) {
    if (!progress.trailers.empty() && !keep_trailers(progress.trailers)) {
        return fail(upstream_error(core::Errc::no_buffers, core::Retry::never, "pools are dry"));
    }
    // Bytes behind the end of a response were not asked for: they must not meet the next request.
    if (progress.consumed < bytes.size()) keep_alive_ = false;
    bytes.drop_back(bytes.size() - progress.body);
    allowed_ -= std::min<std::uint64_t>(allowed_, progress.body);
    if (bytes.size() > 0) sink_->on_response_body(std::move(bytes));
    if (!body_.has_ended() || state_ != State::reading_body) return;
    if (!pending_.empty()) sink_->on_response_trailers(pending_.take());
    if (state_ == State::reading_body) end_response();
}

bool H1Client::keep_trailers(std::span<const std::byte> lines) {
    if (!context_.settings.forwarding.trailers) return true;
    return pending_.append(context_, lines);
}

void H1Client::pause() {
    sink_->on_response_pause();
    if (state_ != State::awaiting_head && state_ != State::reading_body) return;
    is_held_ = allowed_ == 0;
    if (is_held_) return;
    arm_timer(response_began_ ? timeouts_.between_bytes : first_byte_timeout());
    // A head that comes in pieces is kept, and no buffer for heads holds as much as a large one.
    if (state_ == State::awaiting_head) stream_.end_bulk();
    stream_.receive();
}

void H1Client::allow(std::size_t bytes) {
    allowed_ = bytes;
    if (bytes == 0 || !std::exchange(is_held_, false)) return;
    arm_timer(timeouts_.between_bytes);
    stream_.receive();
}

void H1Client::end_response() {
    ResponseSink& sink = *std::exchange(sink_, nullptr);
    // A request that is not out yet would leave its rest where the next one should begin; what
    // nobody asked for, and is not received yet, would be that one's answer.
    const bool is_reusable = keep_alive_ && request_ended_ && !request_is_lost_ &&
                             stream_.output().empty() && stream_.is_open() && stream_.can_send() &&
                             !stream_.has_unread();
    if (is_reusable) {
        state_ = State::idle;
        arm_timer(timeouts_.idle);
        stream_.end_bulk();
        stream_.receive();
        owner_.on_client_idle(*this);
    } else {
        end();
    }
    sink.on_response_end();
}

// Once its request is lost an exchange waits for nothing else.
void H1Client::arm_timer(core::Duration timeout) {
    context_.timers.arm(timer_.then<&H1Client::on_timeout>(),
                        context_.now() + (request_is_lost_ ? core::Duration{} : timeout));
}

}  // namespace ringway::http
