// What an Exchange stands between, as fakes: a client side and an upstream side that write down
// what they are asked, in one common log, and an `Upstreams` that answers as the test tells it, at
// once or later. They hold the exchange to its contract: the order of calls, and nothing on a side
// that is not the exchange's any more. Part of ExchangeTest (exchange_fixture.h).
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/client_side.h"
#include "http/h1_client.h"
#include "http/upstreams.h"

namespace ringway::http::fakes {

using Log = std::vector<std::string>;

// Long bodies are told by their length alone.
inline std::string told(std::string_view what, const core::Buffer& bytes) {
    if (bytes.size() > 32) return fmt::format("{} {} bytes", what, bytes.size());
    const auto* text = reinterpret_cast<const char*>(bytes.bytes().data());
    return fmt::format("{} {}", what, std::string_view{text, bytes.size()});
}

class FakeClient final : public ClientSide {
public:
    explicit FakeClient(Log& log) : log_(log) {}

    void send_head(const ResponseHead& head, const HeadEdits& edits) override {
        for (std::size_t i = 0; i < edits.added_count; i++) {
            fields.push_back(fmt::format("{}: {}", edits.added[i].name, edits.added[i].value));
        }
        EXPECT_TRUE(is_open()) << "a head after the end";
        EXPECT_FALSE(has_head) << "two final heads";
        has_head = !head.is_interim();
        log_.push_back(fmt::format("client head {}", head.status));
    }
    void send_body(core::Buffer bytes) override {
        EXPECT_TRUE(is_open() && has_head) << "a body without a head";
        received += bytes.size();
        untaken += bytes.size();
        log_.push_back(told("client body", bytes));
    }
    void send_trailers(core::Buffer lines) override {
        log_.push_back(told("client trailers", lines));
    }
    void reply(const Reply& reply) override {
        EXPECT_FALSE(has_head) << "a reply behind a head";
        end(fmt::format("client reply {} {}{}{}", reply.status(), name_of(reply.reason),
                        reply.has_body ? "" : " without body",
                        reply.prefers_json ? " in JSON" : ""));
    }
    void flush() override { log_.push_back("client flush"); }
    void finish() override {
        EXPECT_TRUE(has_head) << "finished without a head";
        end("client finish");
    }
    void release_to(TunnelEnds&) override { end("client release"); }
    void abort(const core::Error& error) override {
        EXPECT_TRUE(has_head) << "before a head there is a better answer than an abort";
        end(fmt::format("client abort {}", core::name_of(error.code)));
    }
    void grant(std::size_t bytes) override {
        EXPECT_TRUE(is_open()) << "a grant after the end";
        granted += bytes;
        log_.push_back(fmt::format("client grant {}", bytes));
    }
    std::size_t backlog() const override { return untaken; }
    const core::PackedAddress& peer() override { return peer_; }
    const Arrival& arrival() const override { return arrival_; }

    bool is_open() const { return ends == 0 && !is_gone; }
    std::size_t granted = 0, received = 0;  // Of the request's body, in all; of the response's.
    std::size_t untaken = 0;                // Of that.
    int ends = 0;
    bool has_head = false, is_gone = false;
    std::vector<std::string> fields;  // Added to heads.

private:
    void end(std::string how) {
        log_.push_back(std::move(how));
        ends++;
    }
    Log& log_;
    core::PackedAddress peer_{core::Address::ipv4_loopback(4'711)};
    Arrival arrival_{.scheme = "http", .port = "8080"};
};

class FakeUpstream final : public UpstreamSide {
public:
    FakeUpstream(Log& log, ResponseSink& heard_by) : sink(heard_by), log_(log) {}

    void set_try_timeout(core::Duration) override { log_.push_back("upstream try timeout"); }
    void send_head(const RequestHead& head, const HeadEdits& edits) override {
        EXPECT_TRUE(is_lent) << "a head on a connection that is not ours";
        log_.push_back(fmt::format("upstream head {}", head.at(head.path)));
        for (const AddedField& field : std::span{edits.added, edits.added_count}) {
            fields.push_back(fmt::format("{}: {}", field.name, field.value));
        }
    }
    void send_body(core::Buffer bytes) override {
        EXPECT_TRUE(is_lent && !request_ended);
        received += bytes.size();
        log_.push_back(told("upstream body", bytes));
    }
    void send_trailers(core::Buffer lines) override {
        log_.push_back(told("upstream trailers", lines));
    }
    void flush() override { log_.push_back("upstream flush"); }
    void end_request() override {
        EXPECT_TRUE(is_lent && !request_ended) << "a request ends once";
        request_ended = true;
        log_.push_back("upstream end");
    }
    void release_to(TunnelEnds&) override { give_back("upstream release"); }
    void abort() override { give_back("upstream abort"); }
    void allow(std::size_t bytes) override {
        EXPECT_TRUE(is_lent);
        allowed = bytes;
    }
    ResponseSink& sink;
    bool is_lent = true, request_ended = false, has_head = false;
    std::size_t allowed = 0, received = 0;  // Of the response's body; of the request's.
    std::vector<std::string> fields;

private:
    void give_back(const char* how) {
        EXPECT_TRUE(std::exchange(is_lent, false));
        log_.push_back(how);
    }
    Log& log_;
};

class FakeUpstreams final : public Upstreams {
public:
    explicit FakeUpstreams(Log& log) : log_(log) {}

    std::string_view backend_name(core::BackendId) const override { return "10.0.0.1:80"; }
    std::string_view write_cookie(core::BackendId, std::span<char>) const override { return ""; }
    // What an acquire is answered with, from within it.
    struct Answer {
        bool is_reused = false, sets_cookie = false, others_remain = false;
        std::uint32_t backend = 0;
        std::optional<core::Error> error{};
    };

    void acquire(const Selection& selection, UpstreamWaiter& waiter,
                 ResponseSink& response) override {
        log_.push_back("acquire");
        selections.push_back(selection);
        failed.emplace_back(selection.failed.begin(), selection.failed.end());
        EXPECT_EQ(waiter_, nullptr) << "one question at a time";
        waiter_ = &waiter;
        response_ = &response;
        waiter.pending = this;
        if (at_once.empty()) return;
        const Answer answer = at_once.front();
        at_once.pop_front();
        give(answer);
    }
    void cancel(UpstreamWaiter& waiter) override {
        EXPECT_EQ(waiter_, &waiter);
        log_.push_back("cancel");
        waiter.pending = nullptr;
        waiter_ = nullptr;
    }

    // REQUIRES: an acquire waits.
    void give(const Answer& answer) {
        UpstreamWaiter& waiter = *std::exchange(waiter_, nullptr);
        waiter.pending = nullptr;
        const core::Error failure = answer.error.value_or(core::Error{});
        const Unavailable why{failure, {answer.backend}, answer.others_remain};
        if (answer.error) return waiter.on_upstream_unavailable(why);
        lent.push_back(std::make_unique<FakeUpstream>(log_, *response_));
        waiter.on_upstream_ready({.upstream = lent.back().get(),
                                  .backend = {answer.backend},
                                  .is_reused = answer.is_reused,
                                  .sets_cookie = answer.sets_cookie});
    }
    bool is_waiting() const { return waiter_ != nullptr; }

    std::deque<Answer> at_once;
    std::vector<Selection> selections;
    std::vector<std::vector<core::BackendId>> failed;  // Before each of them.
    std::vector<std::unique_ptr<FakeUpstream>> lent;

private:
    Log& log_;
    UpstreamWaiter* waiter_ = nullptr;
    ResponseSink* response_ = nullptr;
};

}  // namespace ringway::http::fakes
