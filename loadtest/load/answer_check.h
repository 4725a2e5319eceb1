// Holds one answer against what was expected of it: status, length, bytes. The first thing that
// is wrong is the verdict; a wrong status keeps the body from being looked at, because an error
// page is not the page.
// A body that is to have a certain hash is hashed until one has it. That one is kept, and all
// others are compared with it, which is faster and finds more.
// Part of a LoadConnection; begun anew for each request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loadtest/load/request.h"
#include "loadtest/load/tally.h"

namespace ringway::loadtest {

// The first right body of each kind of request, for BodyCheck::same and hash. One per generator.
class FirstBodies {
public:
    struct Body {
        bool is_whole = false;
        std::string bytes;
    };
    Body& of(const LoadRequest& request);

private:
    struct Entry {
        const LoadRequest* request;
        std::unique_ptr<Body> body;
    };
    std::vector<Entry> entries_;
};

class AnswerCheck {
public:
    explicit AnswerCheck(FirstBodies& firsts) : firsts_(firsts) {}

    void begin(const LoadRequest& request);
    void on_head(std::uint16_t status);
    void on_body(std::span<const std::byte> bytes);
    // The body is whole. What is wrong with it all, if anything.
    std::optional<Mistake> finish();

private:
    bool is_compared() const {
        return request_->expected.body == BodyCheck::same ||
               request_->expected.body == BodyCheck::hash;
    }
    void compare_same(std::span<const std::byte> bytes);
    std::optional<Mistake> try_make_first();

    FirstBodies& firsts_;
    const LoadRequest* request_ = nullptr;
    FirstBodies::Body* first_ = nullptr;  // Where bodies are compared.
    bool makes_first_ = false;
    std::uint64_t bytes_ = 0;
    std::optional<Mistake> verdict_;
    std::string made_;  // What may become the first body.
};

}  // namespace ringway::loadtest
