// libFuzzer's entry: hands its bytes to the one target linked into this program.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    ringway::fuzz::fuzz_targets().front().run_one({bytes, size});
    return 0;
}
