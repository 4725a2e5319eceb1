#include "tests/fuzz/fuzz_target.h"

namespace ringway::fuzz {

std::vector<FuzzTarget>& fuzz_targets() {
    static std::vector<FuzzTarget> targets;
    return targets;
}

}  // namespace ringway::fuzz
