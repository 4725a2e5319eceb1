// What http/README.md says of the access log and of reasons, held against the code, and the man
// page held against that. To mend: the README by hand, the man page with what the test says it
// should be.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/access_line.h"
#include "http/reason.h"
#include "tests/support/parsed_head.h"
#include "tests/support/source_text.h"

namespace ringway::http {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

struct Row {
    std::string name;
    std::string status;  // Empty in tables without one.
    std::string text;
};

std::string without_marks(std::string_view cell) {
    std::string text{cell};
    std::erase(text, '`');
    return text;
}

// "| `name` | text |" or "| `name` | status | text |".
Row row_of(std::string_view line) {
    constexpr std::string_view edge = " | ";
    line = line.substr(2, line.size() - 4);
    const std::size_t first = line.find(edge);
    const std::size_t last = line.rfind(edge);
    Row row{.name = without_marks(line.substr(0, first)),
            .status = "",
            .text = without_marks(line.substr(last + edge.size()))};
    if (first != last) row.status = line.substr(first + edge.size(), last - first - edge.size());
    return row;
}

// Of the table with that line at its head.
std::vector<Row> table(const std::string& text, std::string_view head) {
    std::vector<Row> rows;
    const std::size_t at = text.find(head);
    EXPECT_NE(at, std::string::npos) << head;
    if (at == std::string::npos) return rows;
    std::string_view rest = std::string_view{text}.substr(at);
    for (int skipped = 0; skipped < 2; skipped++) rest.remove_prefix(rest.find('\n') + 1);
    while (rest.starts_with('|')) {
        rows.push_back(row_of(rest.substr(0, rest.find('\n'))));
        rest.remove_prefix(rest.find('\n') + 1);
    }
    return rows;
}

// As the man page has it.
std::string entries(const std::vector<Row>& rows) {
    std::string out;
    for (const Row& row : rows) {
        out += ".TP\n.B " + row.name;
        if (!row.status.empty()) out += " (" + row.status + ")";
        out += "\n";
        for (const char byte : row.text) out += byte == '-' ? "\\-" : std::string{byte};
        out += "\n";
    }
    return out;
}

Words names_of(const std::vector<Row>& rows) {
    Words names;
    for (const Row& row : rows) names.push_back(row.name);
    return names;
}

// The names of an object's members, where no value looks like one.
Words members(std::string_view object) {
    Words names;
    for (std::size_t end = object.find("\":"); end != object.npos;
         end = object.find("\":", end + 1)) {
        const std::size_t begin = object.rfind('"', end - 1) + 1;
        names.emplace_back(object.substr(begin, end - begin));
    }
    return names;
}

class Readme : public testing::Test {
protected:
    // The example of the README: a POST whose backend went away.
    std::string line(AccessFormat format) {
        const tests::ParsedRequest request = tests::parse_request(
            "POST /cart?item=7 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.5.0\r\n"
            "Content-Length: 3\r\n\r\n");
        return written(format, {.head = &request.head,
                                .request_id = "5bd8a3c2f0e94d7c8a16f2b3907c4e1d",
                                .client = client_,
                                .reason = Reason::upstream_reset,
                                .status = 502,
                                .bytes_in = 3,
                                .bytes_out = 32,
                                .backend = "10.0.0.1:8080",
                                .attempts = 1,
                                .not_retried = NotRetried::not_idempotent,
                                .failure = "gone before it answered",
                                .connect = 412us,
                                .total = 2'104us});
    }
    std::string written(AccessFormat format, const ExchangeRecord& record) {
        core::TextWriter writer{*space_};
        write_access_line(format, record,
                          {.wall_time = wall_time_, .since_1970 = 1'795'176'000s + 7ms}, writer);
        return std::string{writer.written()};
    }
    // An example begins with such bytes; lines of it that were broken are whole again.
    std::string example(std::string_view begin) {
        const std::size_t at = readme.find("\n    " + std::string{begin});
        if (at == std::string::npos) return "none";
        std::string text = readme.substr(at + 5, readme.find("\n\n", at) - at - 5);
        for (std::size_t cut = text.find("\n    "); cut != text.npos; cut = text.find("\n    ")) {
            text.erase(cut, 5);
        }
        return text + "\n";
    }
    std::string in_man_page(std::string_view table_name) {
        return tests::between(man_page, {.begin = table_name, .end = ".\\\" End of the table."});
    }

    const std::string readme = tests::source_text("http/README.md");
    const std::string man_page = tests::source_text("config/deploy/man/ringway.toml.5");
    const std::vector<Row> fields = table(readme, "| field | what it is |");
    const std::vector<Row> rules = table(readme, "| `not_retried` | what kept it");
    const std::vector<Row> reasons = table(readme, "| reason | status | what happened |");

private:
    const core::PackedAddress client_{core::Address::parse("192.0.2.7:5000").value()};
    const std::unique_ptr<std::array<char, access_line_bytes_max>> space_ =
        std::make_unique<std::array<char, access_line_bytes_max>>();
    WallTime wall_time_;
};

TEST_F(Readme, ShowsALineOfTheAccessLogAsItIs) {
    EXPECT_EQ(example("{\"time\""), line(AccessFormat::json));
    EXPECT_EQ(example("192.0.2.7 - -"), line(AccessFormat::text));
}

TEST_F(Readme, ListsTheFieldsOfALineInTheirOrder) {
    Words listed = names_of(fields);
    std::erase(listed, "first_line");
    EXPECT_EQ(listed, members(line(AccessFormat::json)));

    listed = names_of(fields);
    for (const char* of_a_head : {"method", "host", "target", "version", "referer", "user_agent",
                                  "not_retried", "failure"}) {
        std::erase(listed, of_a_head);
    }
    EXPECT_EQ(listed, members(written(AccessFormat::json, {.first_line = "NONSENSE"})));
}

TEST_F(Readme, ListsWhyARequestIsNotTriedAgain) {
    Words words;
    for (auto why = static_cast<std::uint8_t>(NotRetried::none) + 1;; why++) {
        words.emplace_back(name_of(static_cast<NotRetried>(why)));
        if (words.back() == "unknown") break;
    }
    words.pop_back();
    EXPECT_EQ(names_of(rules), words);
}

TEST_F(Readme, ListsReasonsInTheirOrderWithTheirStatus) {
    ASSERT_EQ(reasons.size(), reason_count);
    for (std::size_t i = 0; i < reason_count; i++) {
        const auto reason = static_cast<Reason>(i);
        EXPECT_EQ(reasons[i].name, name_of(reason));
        EXPECT_EQ(reasons[i].status, std::to_string(status_of(reason))) << reasons[i].name;
    }
}

TEST_F(Readme, SaysWhatTheManPageSays) {
    EXPECT_EQ(in_man_page("\"Access log\": fields"), entries(fields));
    EXPECT_EQ(in_man_page("\"Access log\": not_retried"), entries(rules));
    EXPECT_EQ(in_man_page("\"Reasons\": reasons"), entries(reasons));
}

}  // namespace
}  // namespace ringway::http
