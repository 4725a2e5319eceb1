// The rules of tests/http/refused_requests.rules and refused_responses.rules: what is refused, how
// a rule can be broken, and the nearest message that keeps it. A file and not a table of C++,
// because the scenarios read the same messages and send them to the real program.
//
//     shape NAME "before" ... "behind"         what stands around the text of a message
//     rule NAME REASON ANSWER [LIMIT=N ...]    ANSWER is a status, or "cut"; limits as in [limits]
//         hostile [SHAPE] "text" ...           a message that breaks it
//         legal [SHAPE] "text" ...             one that does not
//
// Texts have the escapes \r \n \t \" \\ \xHH; "text"*N is N of them; what stands side by side is
// joined; `+` begins a part with a shape of its own, or none. Lines with # are for readers.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace ringway::tests {

struct RefusalRule {
    std::string name;
    std::string reason;
    std::string answer;
    std::map<std::string, std::uint32_t> limits;
    std::vector<std::string> hostile;
    std::vector<std::string> legal;
};

inline void PrintTo(const RefusalRule& rule, std::ostream* out) {
    *out << rule.name;
}

// Throws std::runtime_error with the line that it cannot read.
std::vector<RefusalRule> read_refusal_table(const std::string& path);

}  // namespace ringway::tests
