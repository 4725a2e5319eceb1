// The control port: what the backends counted, how they are set, and the way to change it while
// they run. README.md has the requests it knows. It changes the Board and lets the loop notice.
// `ControlRoutes` decides what an answer is and knows no sockets; `Control` is the port.
// Owned by the Origin; the origin's thread.
#pragma once

#include <string>
#include <string_view>

#include "core/slab.h"
#include "http/h1_session.h"
#include "http/request_sink.h"
#include "loadtest/origin/acceptor.h"
#include "loadtest/origin/board.h"
#include "loadtest/origin/report.h"

namespace ringway::loadtest {

// Backends that are processes of their own can be ended and begun.
class Processes {
public:
    // An empty string, or why not.
    virtual std::string kill(std::uint32_t number) = 0;
    virtual std::string start(std::uint32_t number) = 0;

protected:
    ~Processes() = default;
};

struct ControlAnswer {
    std::uint32_t status = 200;
    std::string body;
};

class ControlRoutes {
public:
    // `processes` is nullptr where all backends are one process.
    ControlRoutes(Board& board, const Report& report, Processes* processes)
        : board_(board), report_(report), processes_(processes) {}

    // `target` is a path with a query.
    ControlAnswer answer(http::Method method, std::string_view target);

private:
    ControlAnswer get(std::string_view path);
    ControlAnswer post(std::string_view path, std::string_view query);
    ControlAnswer set(std::uint32_t first, std::uint32_t last, std::string_view query);
    ControlAnswer move(std::uint32_t number, std::string_view verb);

    Board& board_;
    const Report& report_;
    Processes* processes_;
};

class Control;

class ControlConnection final : private http::RequestSinks,
                                private http::RequestSink,
                                private http::SessionOwner {
public:
    ControlConnection(Control& control, int fd);
    void start();
    void begin_close();

private:
    http::RequestSink* begin(http::ClientSide& client, const http::RequestHead& head) override;
    void on_request_body(core::Buffer) override {}
    void on_request_pause() override {}
    void on_request_end() override;
    void on_client_drained() override {}
    void on_client_gone(const core::Error& error) override;
    void on_session_closed(http::H1Session& session) override;

    Control& control_;
    int fd_;
    http::H1Session session_;
    http::ClientSide* client_ = nullptr;
    http::Method method_ = http::Method::get;
    std::string target_;
};

class Control final : private AcceptorOwner {
public:
    Control(const http::Context& shared, ControlRoutes& routes);

    void start(int listen_fd);
    void begin_close();
    bool is_finished() const;

    // --- For its connections.
    http::Context& context() { return context_; }
    const http::Arrival& arrival() const { return arrival_; }
    ControlRoutes& routes() { return routes_; }
    void on_connection_closed(ControlConnection& connection);

private:
    static constexpr std::uint32_t connections_max = 256;

    void on_accepted(int fd) override;
    bool has_room() const override { return !is_closing_ && connections_.size() < connections_max; }
    void on_acceptor_closed() override {}

    // Set at construction.
    http::Settings settings_;
    http::Counters counters_;
    http::Context context_;
    http::Arrival arrival_;
    ControlRoutes& routes_;

    bool is_closing_ = false;
    Acceptor acceptor_;
    core::Slab<ControlConnection> connections_;
};

}  // namespace ringway::loadtest
