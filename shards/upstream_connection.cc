#include "shards/upstream_connection.h"

#include "shards/upstream_pool.h"

namespace ringway::shards {

UpstreamConnection::UpstreamConnection(http::Context& context, const Options& options)
    : pool_(options.pool), backend_(options.backend), client_(context, *this, options.timeouts) {}

void UpstreamConnection::on_client_connected(http::H1Client&) {
    pool_.on_connected(*this);
}

void UpstreamConnection::on_client_unreachable(http::H1Client&, const core::Error& error) {
    pool_.on_unreachable(*this, error);
}

void UpstreamConnection::on_client_idle(http::H1Client&) {
    pool_.on_idle(*this);
}
void UpstreamConnection::on_client_ending(http::H1Client&) {
    pool_.on_ending(*this);
}
void UpstreamConnection::on_client_closed(http::H1Client&) {
    pool_.on_closed(*this);
}

}  // namespace ringway::shards
