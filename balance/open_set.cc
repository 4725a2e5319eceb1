#include "balance/open_set.h"

#include <algorithm>

namespace ringway::balance {

bool OpenSet::is_free(std::size_t backend) const {
    return std::ranges::find(excluded_, backend) == excluded_.end() &&
           (ramp_ == nullptr || ramp_->may(backend));
}

}  // namespace ringway::balance
