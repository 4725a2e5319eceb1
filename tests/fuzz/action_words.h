// The dictionary of the exchange fuzz target: what clients ask and backends answer, so that a
// fuzzer need not invent HTTP. In a text `{}` is the place of a mark (action_ledger.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringway::fuzz {

// Marks of requests: '@', what kind it is, the client's letter and the request's.
inline constexpr std::size_t mark_bytes = 4;
inline constexpr std::string_view refused_mark = "@r";
inline constexpr std::string_view unsafe_mark = "@p";
inline constexpr std::string_view plain_mark = "@g";

enum class Ask : std::uint8_t {
    whole,
    open,         // Its end is still to come, or there will be none.
    unsafe,       // Not to be executed twice.
    unsafe_open,  // Both.
};
enum class Said : std::uint8_t {
    whole,  // Nothing more is to come, and nothing more came.
    part,
};

struct RequestWord {
    std::string_view text;
    Ask kind = Ask::whole;
};
struct AnswerWord {
    std::string_view text;
    Said kind = Said::whole;
};

std::span<const RequestWord> request_words();
// Each is to be refused.
std::span<const std::string_view> hostile_words();
std::span<const AnswerWord> answer_words();

// `text` with `mark` in the place of every "{}", and for every "{N}" that many bytes of marks.
std::string with_mark(std::string_view text, std::string_view mark);
std::string filled_with(std::string_view mark, std::size_t bytes);

}  // namespace ringway::fuzz
