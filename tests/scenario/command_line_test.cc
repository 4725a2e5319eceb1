// The real program on its command line: what it prints, where, and how it ends.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "tests/support/run_program.h"

namespace ringway::tests {
namespace {

constexpr std::string_view good = R"([[listen]]
address = "127.0.0.1:1"
[[group]]
name = "web"
backends = ["127.0.0.1:2"]
)";

class File {
public:
    explicit File(std::string_view text) {
        const int fd = mkstemp(path_);
        EXPECT_GE(fd, 0);
        EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        close(fd);
    }
    ~File() { unlink(path_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    std::string path() const { return path_; }

private:
    char path_[40] = "/tmp/ringway_command_line_XXXXXX";
};

std::size_t line_count(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST(CommandLine, CheckEndsWith0And2) {
    const File right(good);
    const ProgramEnd ok = run_program({"ringway", "check", right.path()});
    EXPECT_EQ(ok.exit_code, 0);
    EXPECT_EQ(ok.out, right.path() + ": ok\n");
    EXPECT_EQ(ok.err, "");

    const File wrong("[limits]\nconections = 5\n");
    const ProgramEnd refused = run_program({"ringway", "check", wrong.path()});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_EQ(refused.out, "");
    EXPECT_EQ(line_count(refused.err), 3U);
    EXPECT_NE(
        refused.err.find(wrong.path() + ":2:1: unknown key \"conections\" in [limits]; did you "
                                        "mean \"connections\"?\n"),
        std::string::npos)
        << refused.err;
}

TEST(CommandLine, WhatCheckExplainsCanBeChecked) {
    const File file(good);
    const ProgramEnd explained = run_program({"ringway", "check", file.path(), "--explain"});
    ASSERT_EQ(explained.exit_code, 0);
    const File again(explained.out);
    EXPECT_EQ(run_program({"ringway", "check", again.path()}).exit_code, 0);
}

TEST(CommandLine, RunRefusesAWrongConfigurationWithEveryError) {
    const File wrong("[limits]\nconections = 5\n");
    const ProgramEnd end = run_program({"ringway", "run", "-c", wrong.path()});
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_EQ(end.err, run_program({"ringway", "check", wrong.path()}).err);
}

TEST(CommandLine, RunSaysWhoDeniesIoUringOnOneLine) {
    const File file(good);
    // Root has no limit on locked memory, so for root it is the kernel that is short of it.
    const char* no_memory = geteuid() == 0 ? "ringway: the kernel has no memory for a ring"
                                           : "ringway: each shard's ring needs 200 KB";
    struct Case {
        const char* error;
        const char* line;
    };
    for (const auto& [error, line] :
         {Case{"EPERM", "ringway: io_uring is blocked by a seccomp filter"},
          Case{"ENOSYS", "ringway: io_uring is hidden by a seccomp filter"},
          Case{"EINVAL", "ringway: io_uring refuses what kernel "}, Case{"ENOMEM", no_memory}}) {
        const ProgramEnd end = run_program(
            {"deny", "--io-uring", error, program_path("ringway"), "run", "-c", file.path()});
        EXPECT_EQ(end.exit_code, 1) << error;
        EXPECT_EQ(line_count(end.err), 1U) << end.err;
        EXPECT_TRUE(end.err.starts_with(line)) << end.err;
    }
}

TEST(CommandLine, DoctorTellsWhatIsDenied) {
    const ProgramEnd end =
        run_program({"deny", "--io-uring", "EPERM", program_path("ringway"), "doctor"});
    EXPECT_EQ(end.exit_code, 1);
    EXPECT_NE(
        end.out.find("lack  io_uring is blocked by a seccomp filter, as containers have; mend: "
                     "allow io_uring_setup"),
        std::string::npos)
        << end.out;
}

TEST(CommandLine, RouteTellsWhoIsPicked) {
    const File file(good);
    const ProgramEnd told = run_program({"ringway", "route", "--pick", file.path(), "web"});
    EXPECT_EQ(told.exit_code, 0);
    EXPECT_NE(told.out.find("* 127.0.0.1:2 0    -    1      1        0   0      -     100.00%\n"),
              std::string::npos)
        << told.out;
    EXPECT_EQ(told.err, "");
    const ProgramEnd refused = run_program({"ringway", "route", file.path(), "web"});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_EQ(refused.err, "ringway: --pick is required (see --help)\n");
    EXPECT_EQ(run_program({"ringway", "route", "--pick", file.path(), "web", "--down"}).exit_code,
              2);
}

TEST(CommandLine, AMistypedCommandLineIsToldAndEndsWith2) {
    const ProgramEnd verb = run_program({"ringway", "chek", "ringway.toml"});
    EXPECT_EQ(verb.exit_code, 2);
    EXPECT_EQ(verb.err, "ringway: unknown verb 'chek'; did you mean 'check'? (see --help)\n");
    const ProgramEnd nothing = run_program({"ringway"});
    EXPECT_EQ(nothing.exit_code, 2);
    EXPECT_EQ(line_count(nothing.err), 1U);
    EXPECT_EQ(run_program({"ringway", "check", "--explian", "x"}).exit_code, 2);
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
    const ProgramEnd help = run_program({"ringway", "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.err, "");
    for (const char* text :
         {"ringway run -c ringway.toml", "Exit status:", "[[listen]]", "doctor"}) {
        EXPECT_NE(help.out.find(text), std::string::npos) << text;
    }
    const ProgramEnd version = run_program({"ringway", "--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_TRUE(version.out.starts_with("ringway ")) << version.out;
}

}  // namespace
}  // namespace ringway::tests
