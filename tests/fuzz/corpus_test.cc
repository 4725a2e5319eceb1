// Replays the corpus: one GoogleTest per file of corpus/<target>/, so that what a fuzzer once found
// stays found, with g++ and without a fuzzer. The bytes end on an unreadable page: a read past the
// end is a crash here as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/support/guarded_bytes.h"

namespace ringway::fuzz {
namespace {

std::string read_whole(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class CorpusFile : public testing::Test {
public:
    CorpusFile(FuzzTarget target, std::filesystem::path path)
        : target_(target), path_(std::move(path)) {}

    // The assertion is the target's own CHECK, and the process that survives it.
    void TestBody() override {
        const tests::GuardedBytes guarded(read_whole(path_));
        const std::string_view text = guarded.text();
        target_.run_one({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        SUCCEED();
    }

private:
    FuzzTarget target_;
    std::filesystem::path path_;
};

std::vector<std::filesystem::path> corpus_files(const FuzzTarget& target) {
    const std::filesystem::path folder = std::filesystem::path(RINGWAY_CORPUS) / target.name;
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(folder)) return files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry);
    std::ranges::sort(files);
    return files;
}

TEST(Corpus, HasFilesForEveryTarget) {
    EXPECT_FALSE(fuzz_targets().empty());
    for (const FuzzTarget& target : fuzz_targets()) {
        EXPECT_FALSE(corpus_files(target).empty())
            << "tests/fuzz/corpus/" << target.name << " is empty";
    }
}

TEST(Corpus, HasNoFolderWithoutATarget) {
    for (const auto& folder : std::filesystem::directory_iterator(RINGWAY_CORPUS)) {
        const std::string name = folder.path().filename();
        EXPECT_NE(std::ranges::find(fuzz_targets(), name, &FuzzTarget::name), fuzz_targets().end())
            << folder.path() << " belongs to no FUZZ_TARGET";
    }
}

void register_corpus() {
    for (const FuzzTarget& target : fuzz_targets()) {
        for (const auto& path : corpus_files(target)) {
            testing::RegisterTest(("Corpus_" + std::string(target.name)).c_str(),
                                  path.filename().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                  [=]() -> testing::Test* { return new CorpusFile(target, path); });
        }
    }
}

}  // namespace
}  // namespace ringway::fuzz

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    ringway::fuzz::register_corpus();
    return RUN_ALL_TESTS();
}
