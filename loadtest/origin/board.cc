#include "loadtest/origin/board.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <type_traits>

#include "core/check.h"

namespace ringway::loadtest {

namespace {

std::unexpected<core::Error> failed(const char* what) {
    const int sys = errno;
    return std::unexpected(core::Error{.code = core::errc_of(sys), .sys = sys, .what = what});
}

}  // namespace

static_assert(std::is_trivially_copyable_v<Settings>);

core::Result<std::unique_ptr<Board>> Board::make() {
    const int fd = memfd_create("ringway-origin", MFD_CLOEXEC);
    if (fd < 0) return failed("no memory file");
    if (ftruncate(fd, sizeof(Shared)) == 0) return map(fd);
    auto failure = failed("no memory file of that size");
    ::close(fd);
    return failure;
}

core::Result<std::unique_ptr<Board>> Board::open(int fd) {
    if (lseek(fd, 0, SEEK_END) != static_cast<off_t>(sizeof(Shared))) {
        return failed("the board is another program's");
    }
    return map(fd);
}

core::Result<std::unique_ptr<Board>> Board::map(int fd) {
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return failed("the memory file cannot be mapped");
    return std::unique_ptr<Board>{new Board(fd, static_cast<Shared*>(memory))};
}

Board::~Board() {
    munmap(static_cast<void*>(shared_), sizeof(Shared));
    ::close(fd_);
}

Settings Board::settings(std::uint32_t backend) const {
    const Place& place = shared_->backends[backend];
    SettingsWords words{};
    for (;;) {
        // Acquire: the words are read after the version that covers them.
        const std::uint32_t before = place.version.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < settings_words; i++) {
            words[i] = place.settings[i].load(std::memory_order_relaxed);
        }
        // The fence keeps that reading from slipping behind the second look.
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && place.version.load(std::memory_order_relaxed) == before) break;
    }
    Settings settings;
    std::memcpy(static_cast<void*>(&settings), words.data(), sizeof settings);
    return settings;
}

void Board::post(std::uint32_t backend, const Settings& settings) {
    Place& place = shared_->backends[backend];
    SettingsWords words{};
    std::memcpy(words.data(), &settings, sizeof settings);
    const std::uint32_t version = place.version.load(std::memory_order_relaxed);
    place.version.store(version + 1, std::memory_order_relaxed);
    // Whoever reads one of the new words also sees the odd version.
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < settings_words; i++) {
        place.settings[i].store(words[i], std::memory_order_relaxed);
    }
    place.version.store(version + 2, std::memory_order_release);
    shared_->generation.fetch_add(1, std::memory_order_release);
}

bool Board::note_execution(std::uint64_t number) {
    if (number >= numbers_max) return false;
    std::atomic<std::uint8_t>& count = shared_->executions[number];
    const std::uint8_t before = count.fetch_add(1, std::memory_order_relaxed);
    // 255 stays 255.
    if (before == 0xff) count.store(0xff, std::memory_order_relaxed);
    return before > 0;
}

std::uint32_t Board::executions_of(std::uint64_t number) const {
    if (number >= numbers_max) return 0;
    return shared_->executions[number].load(std::memory_order_relaxed);
}

}  // namespace ringway::loadtest
