#include "loadtest/option.h"

#include <algorithm>
#include <cstdio>

namespace ringway::loadtest {

namespace {

constexpr std::size_t help_indent = 33;
constexpr std::size_t help_width = 100;
constexpr OptionText help_option{"help", "", "Print this", 'h'};

// How many letters in a row differ: 1 for one that is missing, 2 for two that changed places.
std::size_t letters_apart(std::string_view one, std::string_view other) {
    while (!one.empty() && !other.empty() && one.front() == other.front()) {
        one.remove_prefix(1);
        other.remove_prefix(1);
    }
    while (!one.empty() && !other.empty() && one.back() == other.back()) {
        one.remove_suffix(1);
        other.remove_suffix(1);
    }
    return std::max(one.size(), other.size());
}

// Of all that there are, help included, the one whose name or letter is that.
template <class Mark>
const OptionText* find_known(const Program& program, Mark OptionText::* mark, Mark written) {
    for (const OptionGroup& group : program.groups) {
        for (const OptionText& known : group.options) {
            if (known.*mark == written) return &known;
        }
    }
    return help_option.*mark == written ? &help_option : nullptr;
}

const OptionText* find_name(const Program& program, std::string_view name) {
    return find_known(program, &OptionText::name, name);
}

std::string hint(const Program& program, std::string_view name) {
    std::vector<std::string_view> known;
    for (const OptionGroup& group : program.groups) {
        for (const OptionText& option : group.options) {
            if (!option.help.empty()) known.push_back(option.name);
        }
    }
    const std::string_view meant = meant_name(name, known);
    return meant.empty() ? "" : fmt::format("; did you mean {}?", flag_of(meant));
}

// A word that begins an option, and the value that stands in it.
struct Word {
    const OptionText* option;
    std::optional<std::string_view> value;
};

// "--rate=5k", "--rate", "-R5k", "-R", or a word that belongs to no option.
std::expected<Word, std::string> take_apart(const Program& program, std::string_view word) {
    if (word.starts_with("--")) {
        const std::size_t end = word.find('=');
        std::string name{word.substr(2, end == word.npos ? end : end - 2)};
        std::ranges::replace(name, '-', '_');
        const OptionText* option = find_name(program, name);
        if (option == nullptr) {
            return std::unexpected(
                fmt::format("there is no {}{}", word.substr(0, end), hint(program, name)));
        }
        if (end == word.npos) return Word{option, {}};
        return Word{option, word.substr(end + 1)};
    }
    if (word.starts_with('-') && word.size() > 1) {
        const OptionText* option = find_known(program, &OptionText::letter, word[1]);
        if (option == nullptr) {
            return std::unexpected(
                fmt::format("there is no {}{}", word, hint(program, word.substr(1))));
        }
        if (word.size() == 2) return Word{option, {}};
        return Word{option, word.substr(2)};
    }
    const OptionText* bare = find_name(program, program.bare);
    if (bare == nullptr) return std::unexpected(fmt::format("'{}' belongs to no option", word));
    return Word{bare, word};
}

// The help of an option, from its column on, on as many lines as it takes.
void append_wrapped(std::string_view help, std::size_t column, std::string& text) {
    while (!help.empty()) {
        const std::string_view word = take_until(help, ' ');
        if (column + 1 + word.size() > help_width) {
            text += fmt::format("\n{:{}}", "", help_indent);
            column = help_indent;
        }
        text += ' ';
        text += word;
        column += 1 + word.size();
    }
    text += '\n';
}

void append_option(const OptionText& option, std::string& text) {
    if (option.help.empty()) return;
    const std::string letter =
        option.letter == 0 ? std::string(4, ' ') : fmt::format("-{}, ", option.letter);
    std::string left = fmt::format("  {}{} {}", letter, flag_of(option.name), option.form);
    if (left.size() > help_indent) left += fmt::format("\n{:{}}", "", help_indent);
    text += fmt::format("{:{}}", left, help_indent);
    append_wrapped(option.help, help_indent, text);
}

}  // namespace

std::string_view meant_name(std::string_view written, std::span<const std::string_view> known) {
    constexpr std::size_t apart_max = 2;
    for (const std::string_view name : known) {
        if (written.size() > apart_max && name.starts_with(written)) return name;
    }
    for (std::size_t apart = 1; apart <= apart_max; apart++) {
        for (const std::string_view name : known) {
            if (letters_apart(written, name) == apart) return name;
        }
    }
    return "";
}

std::string flag_of(std::string_view name) {
    std::string flag = fmt::format("--{}", name);
    std::ranges::replace(flag, '_', '-');
    return flag;
}

std::string help_of(const Program& program) {
    const OptionText* bare = find_name(program, program.bare);
    std::string text =
        fmt::format("{}: {}\n\nUsage: {}{}{} [OPTION]...\n", program.name, program.summary,
                    program.name, bare == nullptr ? "" : " ", bare == nullptr ? "" : bare->form);
    for (const OptionGroup& group : program.groups) {
        text += fmt::format("\n{}:\n", group.title);
        for (const OptionText& option : group.options) append_option(option, text);
    }
    append_option(help_option, text);
    return text + fmt::format("\n{}\n", program.footer);
}

std::expected<std::vector<Said>, std::string> split(const Program& program,
                                                    std::span<char* const> arguments) {
    std::vector<Said> all;
    for (std::size_t i = 0; i < arguments.size(); i++) {
        const std::string_view word = arguments[i];
        const auto taken = take_apart(program, word);
        if (!taken) return std::unexpected(taken.error());
        const OptionText& option = *taken->option;
        if (option.name == program.bare && said_last(all, option.name)) {
            return std::unexpected(
                fmt::format("'{}' is too much, {} has been said", word, flag_of(option.name)));
        }
        const bool is_flag = option.form.empty();
        if (is_flag && taken->value) {
            return std::unexpected(fmt::format("{} takes no value", flag_of(option.name)));
        }
        if (!is_flag && !taken->value && i + 1 == arguments.size()) {
            return std::unexpected(fmt::format("{} wants a value: {}", word, option.form));
        }
        const std::string_view value = is_flag        ? "yes"
                                       : taken->value ? *taken->value
                                                      : arguments[++i];
        all.push_back({.name = option.name, .value = value});
    }
    return all;
}

std::optional<std::string_view> said_last(const std::vector<Said>& all, std::string_view name) {
    std::optional<std::string_view> value;
    for (const Said& said : all) {
        if (said.name == name) value = said.value;
    }
    return value;
}

std::unexpected<int> refuse(const Program& program, std::string_view why) {
    fmt::print(stderr, "{}: {} (see --help)\n", program.name, why);
    return std::unexpected(2);
}

std::expected<std::vector<Said>, int> read_command_line(const Program& program, int argc,
                                                        char** argv) {
    auto all = split(program, std::span{argv, static_cast<std::size_t>(argc)}.subspan(1));
    if (!all) return refuse(program, all.error());
    if (!said_last(*all, help_option.name)) return std::move(*all);
    fmt::print("{}", help_of(program));
    return std::unexpected(0);
}

}  // namespace ringway::loadtest
