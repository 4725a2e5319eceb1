// Every rule by which a message is refused, with the ways to break it and the nearest message that
// keeps it (refused_requests.rules, refused_responses.rules). Each is shown whole, cut in two at
// every byte, and a few bytes at a time; the answer has to be the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_framing.h"
#include "http/reason.h"
#include "tests/support/guarded_bytes.h"
#include "tests/support/parsed_head.h"
#include "tests/support/refusal_table.h"

namespace ringway::http {
namespace {

using tests::GuardedBytes;
using tests::ParsedRequest;
using tests::ParsedResponse;
using tests::RefusalRule;

struct Limits {
    HeadLimits head;
    BodyLimits body;
};

Limits limits_of(const RefusalRule& rule) {
    Limits limits;
    for (const auto& [name, value] : rule.limits) {
        if (name == "request_line_bytes") {
            limits.head.request_line_max = value;
        } else if (name == "header_bytes") {
            limits.head.header_bytes_max = value;
        } else if (name == "header_count") {
            limits.head.header_count_max = value;
        } else if (name == "chunk_extension_bytes") {
            limits.body.chunk_extension_bytes_max = value;
        } else if (name == "trailer_bytes") {
            limits.body.trailer_bytes_max = value;
        } else {
            ADD_FAILURE() << rule.name << ": no such limit: " << name;
        }
    }
    return limits;
}

// Reads a message as a session does: its head, from the start whenever more has come, then its
// body.
template <class Parsed>
class MessageReader {
public:
    explicit MessageReader(const Limits& limits) : limits_(limits) {}

    // More has come: this is all since the first byte.
    void show(std::string_view all) {
        if (refusal_ != Refusal::none) return;
        if (parsed_.result == Parse::incomplete) read_head(all);
        if (parsed_.result == Parse::complete) read_body(all);
    }
    bool has_head() const { return parsed_.result == Parse::complete; }
    Refusal refusal() const { return refusal_; }

private:
    void read_head(std::string_view all) {
        parsed_.parse(all, taken_, limits_.head);
        refusal_ = parsed_.refusal;
        taken_ = all.size();
        if (parsed_.result != Parse::complete) return;
        taken_ = parsed_.head.bytes;
        body_ = BodyReader(parsed_.head.framing, parsed_.head.content_length, limits_.body);
    }
    void read_body(std::string_view all) {
        if (body_.has_ended()) return;
        const GuardedBytes bytes(all.substr(taken_));
        refusal_ = body_.read(bytes.bytes()).refusal;
        taken_ = all.size();
    }

    Limits limits_;
    Parsed parsed_;
    BodyReader body_;
    std::size_t taken_ = 0;
    Refusal refusal_ = Refusal::none;
};

// A message and how it is shown.
struct Showing {
    std::string_view message;
    std::size_t first;
    std::size_t step;
};

template <class Parsed>
MessageReader<Parsed> read(const Showing& showing, const Limits& limits) {
    MessageReader<Parsed> reader(limits);
    const std::size_t size = showing.message.size();
    for (std::size_t shown = std::min(showing.first, size);; shown += showing.step) {
        shown = std::min(shown, size);
        reader.show(showing.message.substr(0, shown));
        if (shown == size) return reader;
    }
}

template <class Parsed>
void expect_answer(const std::string& message, const Limits& limits, std::string_view reason) {
    const auto expect = [&](const Showing& showing) {
        const MessageReader<Parsed> reader = read<Parsed>(showing, limits);
        EXPECT_EQ(name_of(reader.refusal()), reason)
            << showing.first << " bytes, then " << showing.step << " at a time, of "
            << testing::PrintToString(message);
        if (reason == "none") {
            EXPECT_TRUE(reader.has_head()) << testing::PrintToString(message);
        }
    };
    for (std::size_t cut = 0; cut <= message.size(); ++cut) expect({message, cut, message.size()});
    for (const std::size_t step : {1u, 2u, 3u, 7u}) expect({message, step, step});
}

template <class Parsed>
void expect_rule_to_hold(const RefusalRule& rule) {
    EXPECT_GE(rule.hostile.size(), 3u);
    EXPECT_FALSE(rule.legal.empty());
    const Limits limits = limits_of(rule);
    for (const std::string& message : rule.hostile) {
        expect_answer<Parsed>(message, limits, rule.reason);
    }
    for (const std::string& message : rule.legal) {
        expect_answer<Parsed>(message, limits, "none");
    }
}

std::vector<RefusalRule> rules_in(const std::string& name) {
    return tests::read_refusal_table(RINGWAY_SOURCE "/tests/http/" + name);
}

class RequestRule : public testing::TestWithParam<RefusalRule> {};

TEST_P(RequestRule, RefusesWhoBreaksItAndNobodyElse) {
    expect_rule_to_hold<ParsedRequest>(GetParam());
}

TEST_P(RequestRule, HasTheStatusOfItsReason) {
    bool is_known = false;
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        if (name_of(reason) != GetParam().reason) continue;
        EXPECT_EQ(std::to_string(status_of(reason)), GetParam().answer);
        is_known = true;
    }
    EXPECT_TRUE(is_known) << GetParam().reason;
}

class ResponseRule : public testing::TestWithParam<RefusalRule> {};

TEST_P(ResponseRule, RefusesWhoBreaksItAndNobodyElse) {
    expect_rule_to_hold<ParsedResponse>(GetParam());
}

std::string name_of_rule(const testing::TestParamInfo<RefusalRule>& rule) {
    return rule.param.name;
}

INSTANTIATE_TEST_SUITE_P(Refused, RequestRule,
                         testing::ValuesIn(rules_in("refused_requests.rules")), name_of_rule);
INSTANTIATE_TEST_SUITE_P(Refused, ResponseRule,
                         testing::ValuesIn(rules_in("refused_responses.rules")), name_of_rule);

}  // namespace
}  // namespace ringway::http
