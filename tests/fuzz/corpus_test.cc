// Replays the corpus: one GoogleTest per file of corpus/<target>/, so that what a fuzzer once found
// stays found, with g++ and without a fuzzer. The bytes end on an unreadable page: a read past the
// end is a crash here as well.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace ringway::fuzz {
namespace {

std::string read_whole(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A copy of some bytes whose last byte is the last one before an unreadable page.
class GuardedBytes {
public:
    explicit GuardedBytes(std::string_view bytes) : size_(bytes.size()) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t readable = (size_ + page - 1) / page * page;
        mapped_ = readable + page;
        base_ = static_cast<std::uint8_t*>(
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        EXPECT_EQ(mprotect(base_ + readable, page, PROT_NONE), 0);
        begin_ = base_ + readable - size_;
        std::memcpy(begin_, bytes.data(), size_);
    }
    ~GuardedBytes() { munmap(base_, mapped_); }
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;

    std::span<const std::uint8_t> bytes() const { return {begin_, size_}; }

private:
    std::uint8_t* base_ = nullptr;
    std::uint8_t* begin_ = nullptr;
    std::size_t size_;
    std::size_t mapped_ = 0;
};

class CorpusFile : public testing::Test {
public:
    CorpusFile(FuzzTarget target, std::filesystem::path path)
        : target_(target), path_(std::move(path)) {}

    // The assertion is the target's own CHECK, and the process that survives it.
    void TestBody() override {
        target_.run_one(GuardedBytes(read_whole(path_)).bytes());
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
