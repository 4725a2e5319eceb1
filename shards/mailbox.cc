#include "shards/mailbox.h"

namespace ringway::shards {

Mesh::Mesh(std::uint32_t corners) : wakers_(corners, nullptr) {
    for (std::uint32_t i = 0; i < corners; i++) {
        flags_.push_back(std::make_unique<core::WakeFlag>());
    }
    for (std::uint32_t i = 0; i < corners * corners; i++) {
        queues_.push_back(std::make_unique<Queue>(messages_max));
    }
}

bool Mailbox::try_post(std::uint32_t to, Message message) {
    message.from = corner_;
    if (!mesh_.queue(corner_, to).try_push(message)) return false;
    if (mesh_.flags_[to]->claim() && mesh_.wakers_[to] != nullptr) mesh_.wakers_[to]->wake();
    return true;
}

bool Mailbox::try_take(Message& message) {
    for (std::uint32_t from = 0; from < mesh_.corners(); from++) {
        if (mesh_.queue(from, corner_).try_pop(message)) return true;
    }
    return false;
}

bool Mailbox::may_sleep() {
    // The flag first, then one more look: a sender that came before the flag is seen here, one
    // that comes after it sees the flag and wakes us.
    mesh_.flags_[corner_]->begin_sleep();
    for (std::uint32_t from = 0; from < mesh_.corners(); from++) {
        if (!mesh_.queue(from, corner_).empty()) {
            mesh_.flags_[corner_]->end_sleep();
            return false;
        }
    }
    return true;
}

}  // namespace ringway::shards
