#include "loadtest/load/ready_line.h"

#include <utility>

#include "loadtest/load/connection.h"

namespace ringway::loadtest {

void ReadyLine::push(LoadConnection& connection) {
    Link& link = connection.notes.line;
    if (std::exchange(link.is_listed, true)) return;
    link.next = nullptr;
    (last_ != nullptr ? last_->notes.line.next : first_) = &connection;
    last_ = &connection;
}

LoadConnection* ReadyLine::pop() {
    LoadConnection* connection = first_;
    if (connection == nullptr) return nullptr;
    Link& link = connection->notes.line;
    first_ = link.next;
    if (first_ == nullptr) last_ = nullptr;
    link.is_listed = false;
    return connection;
}

}  // namespace ringway::loadtest
