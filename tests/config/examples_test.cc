// The example files that people copy: they load, and foundation.toml says of every key what its
// default is.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/explain.h"
#include "config/keys.h"

namespace ringway::config {
namespace {

Loaded example(const std::string& name) {
    auto loaded = load_file(RINGWAY_SOURCE "/config/examples/" + name);
    EXPECT_TRUE(loaded.has_value()) << loaded.error()[0];
    return loaded ? std::move(*loaded) : Loaded{};
}

// What `explain` says, without where it comes from.
std::string values(const Loaded& loaded) {
    const std::string explained = explain(loaded);
    std::string_view rest = explained;
    std::string out;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        out += std::string(line.substr(0, line.rfind(" # "))) + "\n";
    }
    return out;
}

TEST(Examples, TheMinimalOneLoads) {
    const Loaded loaded = example("minimal.toml");
    ASSERT_EQ(loaded.config.groups.size(), 1U);
    EXPECT_EQ(loaded.config.groups[0].backends.size(), 2U);
}

TEST(Examples, TheLongOneWritesEveryKey) {
    const std::string explained = explain(example("foundation.toml"));
    EXPECT_NE(explained.find("# line "), std::string::npos);
    EXPECT_EQ(explained.find("# default"), std::string::npos) << explained;
}

TEST(Examples, TheLongOneWritesTheDefaults) {
    EXPECT_EQ(values(example("foundation.toml")), values(example("minimal.toml")));
}

}  // namespace
}  // namespace ringway::config
