#include "tests/fuzz/action_ledger.h"

#include <algorithm>
#include <charconv>

#include "core/check.h"
#include "tests/fuzz/action_words.h"

namespace ringway::fuzz {

namespace {

constexpr std::string_view forwarded_for = "X-Forwarded-For: 10.1.0.";
// The longest of what `on_read` looks for, with the number behind it.
constexpr std::size_t sign_bytes_max = forwarded_for.size() + 4;

bool is_letter(char byte) {
    return byte >= 'a' && byte <= 'z';
}

// What follows an '@' and makes it a mark of a backend's. A body may end inside one.
bool is_mark(std::string_view behind_sign) {
    return behind_sign.size() >= 4 && behind_sign[3] == ';' &&
           std::ranges::all_of(behind_sign.substr(0, 3), is_letter);
}

}  // namespace

void renew_marks(std::string& text, std::string_view mark) {
    for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
        if (is_mark(std::string_view(text).substr(at + 1))) text.replace(at, mark.size(), mark);
    }
}

std::uint32_t ActionLedger::begin_connection() {
    connections_.emplace_back();
    return static_cast<std::uint32_t>(connections_.size() - 1);
}

void ActionLedger::on_read(std::uint32_t number, std::string_view bytes) {
    Connection& connection = connections_[number];
    std::string& text = connection.unread;
    text += bytes;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string_view rest = std::string_view(text).substr(at);
        const std::size_t sign = rest.find_first_of("@X");
        at += std::min(sign, rest.size());
        if (sign == std::string_view::npos || rest.size() - sign < sign_bytes_max) break;
        const std::string_view here = rest.substr(sign);
        // What was refused is not to be seen by any backend, nor is what came behind it.
        CHECK(!here.starts_with(refused_mark));
        if (here.starts_with(unsafe_mark) && !connection.has_ended) {
            on_unsafe_request(here.substr(0, mark_bytes));
        }
        if (here.starts_with(forwarded_for)) {
            std::uint32_t client = nobody;
            const std::string_view digits = here.substr(forwarded_for.size());
            std::from_chars(digits.data(), digits.data() + digits.size(), client);
            on_request(connection, client);
        }
        at++;
    }
    text.erase(0, at);
    CHECK(!std::string_view(text).contains(refused_mark));
}

void ActionLedger::on_request(Connection& connection, std::uint32_t client) {
    connection.arrivals.push_back({.client = client, .epoch = epoch_});
    connection.asked_by = client;
    connection.asked_at = ++arrivals_total_;
}

// A request that must not be executed twice is not read twice.
void ActionLedger::on_unsafe_request(std::string_view mark) {
    CHECK(std::ranges::find(unsafe_seen_, mark) == unsafe_seen_.end());
    unsafe_seen_.emplace_back(mark);
}

void ActionLedger::on_unsent(std::uint32_t number) {
    for (std::size_t i = connections_[number].left; i < said_.size(); i++) {
        if (said_[i].connection == number) said_[i].epoch_left = epoch_;
    }
}

void ActionLedger::on_cut(std::uint32_t number) {
    Connection& connection = connections_[number];
    if (connection.is_cut) return;
    connection.is_cut = true;
    connection.cut_epoch = epoch_;
}

std::string ActionLedger::mark(std::uint32_t number) {
    const Connection& connection = connections_[number];
    std::size_t rest = said_.size();
    said_.push_back({.connection = number,
                     .arrivals = connection.arrivals.size(),
                     .asked_by = connection.asked_by,
                     .asked_at = connection.asked_at,
                     .epoch = epoch_,
                     .epoch_left = epoch_});
    std::string mark = "@aaa;";
    for (std::size_t i = 3; i > 0; i--, rest /= 26) mark[i] = static_cast<char>('a' + rest % 26);
    CHECK(rest == 0);
    return mark;
}

void ActionLedger::check_received(std::uint32_t client, std::string_view bytes) const {
    CHECK(bytes.empty() ||
          bytes.starts_with(std::string_view("HTTP/1.1 ").substr(0, bytes.size())));
    std::uint64_t last = 0;
    for (std::size_t at = bytes.find('@'); at != std::string_view::npos;
         at = bytes.find('@', at + 1)) {
        const std::string_view mark = bytes.substr(at + 1);
        if (!is_mark(mark)) continue;
        std::size_t number = 0;
        for (const char letter : mark.substr(0, 3)) {
            number = number * 26 + static_cast<std::size_t>(letter - 'a');
        }
        CHECK(number < said_.size());
        const Word& said = said_[number];
        if (said.asked_by != client) {
            CHECK(may_have_crossed(said, client));
            continue;
        }
        // Answers come in the order of their requests, and of an abandoned try no more comes.
        CHECK(said.asked_at >= last);
        last = said.asked_at;
    }
}

bool ActionLedger::may_have_crossed(const Word& said, std::uint32_t client) const {
    const Connection& connection = connections_[said.connection];
    if (connection.is_deaf) return true;
    if (said.arrivals < connection.arrivals.size()) {
        const Arrival& next = connection.arrivals[said.arrivals];
        return next.client == client && said.was_under_way(next.epoch);
    }
    return connection.is_cut && said.was_under_way(connection.cut_epoch);
}

}  // namespace ringway::fuzz
