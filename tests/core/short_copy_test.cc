#include "core/short_copy.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace ringway::core {
namespace {

TEST(ShortCopy, CopiesEveryLengthExactlyAndNothingAround) {
    for (std::size_t size = 0; size <= 100; size++) {
        // Of their own memory, so that a read or a write beyond an end is one that ASan sees.
        std::vector<char> from(size);
        for (std::size_t i = 0; i < size; i++) from[i] = static_cast<char>('0' + i);
        std::vector<char> to(size);
        EXPECT_EQ(copy_short({from.data(), size}, to.data()), to.data() + size);
        EXPECT_EQ(to, from) << size;
    }
}

TEST(ShortCopy, TakesAViewOfNothing) {
    char byte = 'x';
    EXPECT_EQ(copy_short({}, &byte), &byte);
    EXPECT_EQ(byte, 'x');
}

}  // namespace
}  // namespace ringway::core
