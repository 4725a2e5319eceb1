#include "loadtest/option.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>

namespace ringway::loadtest {
namespace {

struct Inner {
    double share = 1;
};

struct Words {
    std::string url = {};
    std::uint32_t count = 0;
    std::uint64_t bytes = 0;
    bool closes = false;
    std::vector<double> times = {9};
    std::vector<std::string> headers = {};
    Inner inner = {};
};

constexpr std::array table{
    option<&Words::url>({"url", "URL", "Whom to ask"}),
    option<&Words::count>({"count", "N", "How many", 'c'}),
    option<&Words::bytes>({"receive_buffer", "BYTES", "Of each socket"}),
    option<&Words::closes>({"close", "", "A connection each"}),
    option<&Words::times>({"mean", "MS,...", "Some times"}),
    repeated_option<&Words::headers>({"header", "TEXT", "May be repeated", 'H'}),
    option<&Words::inner, &Inner::share>({"share", "SHARE", "Of the whole"}),
    option<&Words::count>({"child", "N", ""}),
};

Program program() {
    return {.name = "lab",
            .summary = "tries options.",
            .bare = "url",
            .footer = "The end.",
            .groups = {option_group("All", table)}};
}

// What comes of a command line, or what is wrong with it.
std::expected<Words, std::string> read(std::initializer_list<const char*> arguments) {
    std::vector<char*> words;
    for (const char* word : arguments) words.push_back(const_cast<char*>(word));
    const auto all = split(program(), words);
    if (!all) return std::unexpected(all.error());
    Words read;
    const std::string why = take_each(*all, [&read](const Said& said) {
        return find_option(table, said.name)->try_set(said.value, read);
    });
    if (!why.empty()) return std::unexpected(why);
    return read;
}

std::string why_not(std::initializer_list<const char*> arguments) {
    const auto words = read(arguments);
    return words ? "" : words.error();
}

TEST(Option, MayBeWrittenInEveryUsualWay) {
    for (const auto& arguments : {std::initializer_list<const char*>{"--count", "7"},
                                  {"--count=7"},
                                  {"-c", "7"},
                                  {"-c7"}}) {
        EXPECT_EQ(read(arguments)->count, 7U) << *arguments.begin();
    }
    EXPECT_EQ(read({"--receive-buffer", "64k"})->bytes, 65'536U);
    EXPECT_EQ(read({"--receive_buffer", "64k"})->bytes, 65'536U);
    EXPECT_TRUE(read({"--close"})->closes);
}

TEST(Option, GoesWhereItsPathLeads) {
    EXPECT_EQ(read({"--share", "0.5"})->inner.share, 0.5);
    EXPECT_EQ(read({"--mean", "1,2.5"})->times, (std::vector<double>{1, 2.5}));
    EXPECT_EQ(read({"-H", "a, b", "--header=c"})->headers, (std::vector<std::string>{"a, b", "c"}));
}

TEST(Option, HoldsAsItWasSaidLast) {
    EXPECT_EQ(read({"-c", "7", "-c8"})->count, 8U);
}

TEST(Option, IsNotTakenForTheValueOfAnother) {
    EXPECT_EQ(why_not({"--count", "--close"}), "--count: '--close' is not a number");
    EXPECT_EQ(why_not({"--count"}), "--count wants a value: N");
    EXPECT_EQ(why_not({"--close=yes"}), "--close takes no value");
}

TEST(Option, LeavesAWordWithoutANameToOneOfThem) {
    EXPECT_EQ(read({"-c", "7", "127.0.0.1"})->url, "127.0.0.1");
    EXPECT_EQ(why_not({"127.0.0.1", "127.0.0.2"}), "'127.0.0.2' is too much, --url has been said");
    Program bareless = program();
    bareless.bare = "";
    char word[] = "stray";
    std::array<char*, 1> arguments{word};
    EXPECT_EQ(split(bareless, arguments).error(), "'stray' belongs to no option");
}

TEST(Option, SaysWhatAMistypedOneMayHaveMeant) {
    EXPECT_EQ(why_not({"--cuont", "7"}), "there is no --cuont; did you mean --count?");
    EXPECT_EQ(why_not({"--headers=x"}), "there is no --headers; did you mean --header?");
    EXPECT_EQ(why_not({"--recv-buffer"}), "there is no --recv-buffer");
    EXPECT_EQ(why_not({"--receive"}), "there is no --receive; did you mean --receive-buffer?");
    EXPECT_EQ(why_not({"-mean"}), "there is no -mean; did you mean --mean?");
    EXPECT_EQ(why_not({"--childs", "1"}), "there is no --childs");
}

TEST(Option, SaysWhatWasExpected) {
    EXPECT_EQ(why_not({"--count", "many"}), "--count: 'many' is not a number");
    EXPECT_EQ(why_not({"--mean", "1,x"}), "--mean: '1,x' is not a number");
    EXPECT_EQ(why_not({"--receive-buffer", "1x"}),
              "--receive-buffer: '1x' is not a number such as 500 or 64k");
}

TEST(Option, StandsInTheHelpUnlessItIsForNobody) {
    const std::string help = help_of(program());
    for (const char* line : {"Usage: lab URL [OPTION]...\n", "\nAll:\n",
                             "\n  -c, --count N                   How many\n",
                             "\n      --receive-buffer BYTES      Of each socket\n",
                             "\n  -h, --help                      Print this\n", "\nThe end.\n"}) {
        EXPECT_NE(help.find(line), help.npos) << line << help;
    }
    EXPECT_EQ(help.find("child"), help.npos);
}

TEST(Option, HasItsHelpWrapped) {
    Program wordy = program();
    const std::string words =
        "word word word word word word word word word word word word word word";
    wordy.groups = {
        {.title = "One", .options = {{"a_name_that_is_very_long", "LONG,LONG", words}}}};
    const std::string help = help_of(wordy);
    for (std::string_view rest = help; !rest.empty();) {
        EXPECT_LE(take_until(rest, '\n').size(), 100U);
    }
    EXPECT_NE(help.find("LONG,LONG\n" + std::string(33, ' ') + " word"), help.npos) << help;
}

}  // namespace
}  // namespace ringway::loadtest
