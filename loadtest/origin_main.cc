#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "core/uring_io.h"
#include "core/uring_probe.h"
#include "loadtest/origin.h"
#include "loadtest/origin_options.h"

namespace ringway::loadtest {

namespace {

int refuse(std::string_view why) {
    fmt::print(stderr, "ringway-origin: {}\n", why);
    return 1;
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

class Printer final : public SignalEvents {
public:
    explicit Printer(const Report& report) : report_(report) {}

private:
    void on_report_wanted() override { print(report_.all()); }
    void on_child_ended() override {}

    const Report& report_;
};

int run(const OriginOptions& options) {
    raise_descriptor_limit();
    const int signal_fd = open_signals();
    core::Result<std::unique_ptr<Board>> board = Board::make();
    if (!board) return refuse(board.error().what);
    const auto count = static_cast<std::uint32_t>(options.backends.size());
    for (std::uint32_t i = 0; i < count; i++) (*board)->post(i, options.backends[i]);

    const auto listening = open_listeners(options.listen, count);
    if (!listening) return refuse(listening.error());
    std::vector<Place> places;
    for (const Listening& one : *listening) {
        places.push_back({.address = one.address, .pid = getpid()});
    }
    Report report{**board, std::move(places)};
    Printer printer{report};
    ControlRoutes routes{**board, report, nullptr};

    auto io = core::UringIo::make({});
    if (!io) return refuse(core::explain_uring_failure(io.error().sys));
    Origin origin{{.io = **io,
                   .board = **board,
                   .signals = printer,
                   .signal_fd = signal_fd,
                   .seed = options.seed}};
    for (std::uint32_t i = 0; i < count; i++) origin.add_backend(i, (*listening)[i]);
    for (const Listening& one : *listening) {
        print(fmt::format("backend {} listens on {} (pid {})\n", &one - listening->data(),
                          one.address.text(), getpid()));
    }
    if (options.control) {
        const auto control = open_listeners(*options.control, 1);
        if (!control) return refuse(control.error());
        origin.add_control(control->front(), routes);
        print(fmt::format("control listens on {}\n", control->front().address.text()));
    }
    origin.run();
    if (options.json) print(report.all());
    ::close(signal_fd);
    return 0;
}

}  // namespace

}  // namespace ringway::loadtest

int main(int argc, char** argv) {
    const auto options = ringway::loadtest::read_command_line(argc, argv);
    return options ? ringway::loadtest::run(*options) : options.error();
}
