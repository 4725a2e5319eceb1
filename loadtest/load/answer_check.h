// Holds one answer against what was expected of it: status, length, bytes. The first thing that
// is wrong is the verdict; a wrong status keeps the body from being looked at, because an error
// page is not the page.
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

// The first body of each kind of request, for BodyCheck::same. One per generator.
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
    void compare_same(std::span<const std::byte> bytes);

    FirstBodies& firsts_;
    const LoadRequest* request_ = nullptr;
    FirstBodies::Body* first_ = nullptr;  // With BodyCheck::same.
    bool makes_first_ = false;
    std::uint64_t bytes_ = 0;
    std::optional<Mistake> verdict_;
    std::string made_;  // What may become the first body.
};

}  // namespace ringway::loadtest
