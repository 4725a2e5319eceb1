#include "tests/support/refusal_table.h"

#include <cctype>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ringway::tests {
namespace {

class TableLine {
public:
    explicit TableLine(std::string_view text) : rest_(text) { skip_spaces(); }

    bool at_end() const { return rest_.empty(); }
    bool at_text() const { return !at_end() && rest_[0] == '"'; }
    std::string word() {
        std::size_t size = 0;
        while (size < rest_.size() && rest_[size] != ' ' && rest_[size] != '"') ++size;
        std::string word(rest_.substr(0, size));
        drop(size);
        skip_spaces();
        return word;
    }
    // REQUIRES: at_text().
    std::string text() {
        drop(1);
        std::string text;
        while (!rest_.empty() && rest_[0] != '"') text += character();
        if (rest_.empty()) throw std::runtime_error("a text without its end");
        drop(1);
        text = repeated(text);
        skip_spaces();
        return text;
    }

private:
    char character() {
        const char first = next();
        if (first != '\\') return first;
        const char escaped = next();
        switch (escaped) {
            case 'r':
                return '\r';
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case '"':
            case '\\':
                return escaped;
            case 'x': {
                const std::string digits{next(), next()};
                return static_cast<char>(std::stoi(digits, nullptr, 16));
            }
        }
        throw std::runtime_error("an escape that is not known");
    }
    std::string repeated(const std::string& text) {
        if (at_end() || rest_[0] != '*') return text;
        drop(1);
        std::string all;
        for (int left = std::stoi(word()); left > 0; --left) all += text;
        return all;
    }
    char next() {
        if (rest_.empty()) throw std::runtime_error("a text without its end");
        const char byte = rest_[0];
        drop(1);
        return byte;
    }
    void drop(std::size_t size) { rest_.remove_prefix(size); }
    void skip_spaces() {
        while (!rest_.empty() && rest_[0] == ' ') drop(1);
    }

    std::string_view rest_;
};

class TableReader {
public:
    void read(TableLine line) {
        const std::string word = line.word();
        if (word == "shape") {
            read_shape(line);
        } else if (word == "rule") {
            read_rule(line);
        } else if ((word == "hostile" || word == "legal") && !rules_.empty()) {
            auto& messages = word == "legal" ? rules_.back().legal : rules_.back().hostile;
            messages.push_back(message(line));
        } else {
            throw std::runtime_error("expected shape, rule, hostile or legal, got " + word);
        }
    }
    std::vector<RefusalRule> take() { return std::move(rules_); }

private:
    void read_shape(TableLine& line) {
        const std::string name = line.word();
        const std::string before = line.text();
        line.word();
        shapes_[name] = {before, line.text()};
    }
    void read_rule(TableLine& line) {
        RefusalRule rule;
        rule.name = line.word();
        rule.reason = line.word();
        rule.answer = line.word();
        while (!line.at_end()) {
            const std::string limit = line.word();
            const std::size_t equals = limit.find('=');
            rule.limits[limit.substr(0, equals)] =
                static_cast<std::uint32_t>(std::stoul(limit.substr(equals + 1)));
        }
        rules_.push_back(std::move(rule));
    }
    std::string message(TableLine& line) {
        std::string all;
        while (!line.at_end()) {
            const auto& [before, behind] = shapes_.at(line.at_text() ? "" : line.word());
            all += before;
            while (line.at_text()) all += line.text();
            all += behind;
            if (!line.at_end() && line.word() != "+") throw std::runtime_error("expected +");
        }
        return all;
    }

    std::map<std::string, std::pair<std::string, std::string>> shapes_{{"", {}}};
    std::vector<RefusalRule> rules_;
};

}  // namespace

std::vector<RefusalRule> read_refusal_table(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    TableReader reader;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.empty() || line[0] == '#') continue;
        try {
            reader.read(TableLine(line));
        } catch (const std::exception& error) {
            throw std::runtime_error(path + ":" + std::to_string(number) + ": " + error.what());
        }
    }
    return reader.take();
}

}  // namespace ringway::tests
