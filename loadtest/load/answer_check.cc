#include "loadtest/load/answer_check.h"

#include <cstring>
#include <utility>

#include "core/hash.h"
#include "loadtest/body_pattern.h"

namespace ringway::loadtest {

FirstBodies::Body& FirstBodies::of(const LoadRequest& request) {
    for (Entry& entry : entries_) {
        if (entry.request == &request) return *entry.body;
    }
    return *entries_.emplace_back(Entry{&request, std::make_unique<Body>()}).body;
}

void AnswerCheck::begin(const LoadRequest& request) {
    request_ = &request;
    bytes_ = 0;
    verdict_.reset();
    if (!is_compared()) return;
    first_ = &firsts_.of(request);
    makes_first_ = !first_->is_whole;
    made_.clear();
}

void AnswerCheck::on_head(std::uint16_t status) {
    const std::uint16_t wanted = request_->expected.status;
    const bool is_right = wanted == 0 ? status >= 200 && status < 400 : status == wanted;
    if (!is_right) verdict_ = Mistake::status;
}

void AnswerCheck::on_body(std::span<const std::byte> bytes) {
    const std::uint64_t offset = bytes_;
    bytes_ += bytes.size();
    if (verdict_) return;
    switch (request_->expected.body) {
        case BodyCheck::none:
            return;
        case BodyCheck::pattern:
            if (!is_pattern(bytes, offset)) verdict_ = Mistake::wrong_bytes;
            return;
        case BodyCheck::same:
        case BodyCheck::hash:
            return compare_same(bytes);
    }
}

void AnswerCheck::compare_same(std::span<const std::byte> bytes) {
    if (makes_first_) {
        made_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return;
    }
    const std::size_t offset = static_cast<std::size_t>(bytes_) - bytes.size();
    // Longer than the first one: the length says so in the end.
    if (bytes_ > first_->bytes.size()) return;
    if (std::memcmp(first_->bytes.data() + offset, bytes.data(), bytes.size()) != 0) {
        verdict_ = Mistake::wrong_bytes;
    }
}

std::optional<Mistake> AnswerCheck::finish() {
    const Expected& expected = request_->expected;
    if (verdict_) return verdict_;
    if (expected.length && bytes_ != *expected.length) return Mistake::wrong_length;
    if (!is_compared()) return {};
    if (makes_first_) return try_make_first();
    if (bytes_ != first_->bytes.size()) return Mistake::wrong_length;
    return {};
}

// Several answers may be on their way when the first one is whole: each is held against it.
std::optional<Mistake> AnswerCheck::try_make_first() {
    if (first_->is_whole) {
        return made_ == first_->bytes ? std::nullopt : std::optional{Mistake::wrong_bytes};
    }
    const Expected& expected = request_->expected;
    if (expected.body == BodyCheck::hash && core::hash64(made_) != expected.hash) {
        return Mistake::wrong_bytes;
    }
    *first_ = {.is_whole = true, .bytes = std::move(made_)};
    return {};
}

}  // namespace ringway::loadtest
