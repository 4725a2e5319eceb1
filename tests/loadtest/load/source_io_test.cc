#include "loadtest/load/source_io.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/listen_socket.h"
#include "tests/support/io_engine.h"

namespace ringway::loadtest {
namespace {

std::vector<std::string> texts(std::string_view sources) {
    std::vector<std::string> all;
    const auto read = read_sources(sources);
    for (const core::Address& one : read.value()) all.push_back(one.text());
    return all;
}

TEST(ReadSources, TakesANumberARangeOrAList) {
    EXPECT_EQ(texts("2"), (std::vector<std::string>{"127.0.0.1:0", "127.0.0.2:0"}));
    EXPECT_EQ(texts("10.0.0.255-10.0.1.0"),
              (std::vector<std::string>{"10.0.0.255:0", "10.0.1.0:0"}));
    EXPECT_EQ(texts("10.0.0.9,::1"), (std::vector<std::string>{"10.0.0.9:0", "[::1]:0"}));
}

TEST(ReadSources, RefusesWhatIsNone) {
    for (const std::string_view text :
         {"0", "100000", "localhost", "10.0.0.2-10.0.0.1", "0.0.0.1-99.0.0.1", ","}) {
        EXPECT_FALSE(read_sources(text)) << text;
    }
}

TEST(SourceIo, GivesEachSocketTheNextAddress) {
    std::string why_not;
    const auto engine = support::make_uring_engine(why_not);
    if (engine == nullptr) GTEST_SKIP() << why_not;
    SourceIo io{engine->io(), {.sources = read_sources("3").value(), .first = 1}};
    std::vector<std::string> sources;
    for (int i = 0; i < 4; i++) {
        const int fd = io.open_socket(core::Address::ipv4_loopback(80)).value();
        sources.push_back(core::local_address(fd).value().text());
        ::close(fd);
    }
    EXPECT_EQ(sources, (std::vector<std::string>{"127.0.0.2:0", "127.0.0.3:0", "127.0.0.1:0",
                                                 "127.0.0.2:0"}));
}

TEST(SourceIo, SaysWhenAnAddressIsNotOurs) {
    std::string why_not;
    const auto engine = support::make_uring_engine(why_not);
    if (engine == nullptr) GTEST_SKIP() << why_not;
    SourceIo io{engine->io(), {.sources = read_sources("192.0.2.1").value()}};
    const auto fd = io.open_socket(core::Address::ipv4_loopback(80));
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.error().code, core::Errc::bad_address);
}

}  // namespace
}  // namespace ringway::loadtest
