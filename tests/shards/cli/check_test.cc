#include "shards/cli/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace ringway::shards::cli {
namespace {

class Check : public testing::Test {
protected:
    void SetUp() override {
        const int fd = mkstemp(path_);
        ASSERT_GE(fd, 0);
        fd_ = fd;
    }
    void TearDown() override {
        close(fd_);
        unlink(path_);
    }
    void write(std::string_view text) const {
        ASSERT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    char path_[32] = "/tmp/ringway_check_XXXXXX";
    int fd_ = -1;
};

constexpr std::string_view good = R"([[listen]]
address = "0.0.0.0:8080"
[[group]]
name = "web"
backends = ["10.0.0.1:8080"]
)";

TEST_F(Check, SaysThatAGoodFileIsGood) {
    write(good);
    const Answer answer = check({.file = path_});
    EXPECT_EQ(answer.exit, Exit::ok);
    EXPECT_EQ(answer.out, std::string(path_) + ": ok\n");
    EXPECT_EQ(answer.err, "");
}

TEST_F(Check, PrintsEveryErrorOnALineOfItsOwn) {
    write("[[listen]]\nadress = \"0.0.0.0:8080\"\n[limits]\nconnections = 0\n");
    const Answer answer = check({.file = path_});
    const std::string path = path_;
    EXPECT_EQ(answer.exit, Exit::refused);
    EXPECT_EQ(answer.out, "");
    EXPECT_EQ(answer.err,
              path + ":1:1: the file lacks [[group]]: Backends that serve the same thing.\n" +
                  path + ":2:1: unknown key \"adress\" in [[listen]]; did you mean \"address\"?\n" +
                  path +
                  ":4:15: connections is the integer 0; expected an integer, 1 to 10000000\n");
}

TEST_F(Check, ExplainsOnRequest) {
    write(good);
    const Answer answer = check({.file = path_, .explain = true});
    EXPECT_EQ(answer.exit, Exit::ok);
    EXPECT_NE(answer.out.find("limits"), std::string::npos);
    EXPECT_NE(answer.out.find("# line 2\n"), std::string::npos);
    EXPECT_NE(answer.out.find("# default\n"), std::string::npos);
}

TEST(CheckKeys, NeedsNoFile) {
    const Answer answer = check({.keys = "tsv"});
    EXPECT_EQ(answer.exit, Exit::ok);
    EXPECT_NE(answer.out.find("\nlisten[].address\taddress\t"), std::string::npos);
}

TEST(CheckKeys, RefusesAnUnknownFormat) {
    const Answer answer = check({.keys = "yaml"});
    EXPECT_EQ(answer.exit, Exit::refused);
    EXPECT_EQ(answer.err, "ringway: --keys takes tsv, man or markdown, not 'yaml'\n");
}

}  // namespace
}  // namespace ringway::shards::cli
