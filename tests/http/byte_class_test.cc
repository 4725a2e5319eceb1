#include "http/byte_class.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "tests/support/guarded_bytes.h"

namespace ringway::http {
namespace {

using tests::GuardedBytes;

std::string members_of(ByteClass wanted) {
    std::string members;
    for (int byte = 0; byte < 256; ++byte) {
        if (is_in(wanted, static_cast<char>(byte))) members += static_cast<char>(byte);
    }
    return members;
}

TEST(ByteClasses, AreThoseOfTheRfcs) {
    EXPECT_EQ(members_of(ByteClass::token),
              "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
    EXPECT_EQ(members_of(ByteClass::host),
              "!$&'()*+-.0123456789;=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
    EXPECT_EQ(members_of(ByteClass::hex), "0123456789ABCDEFabcdef");
    EXPECT_EQ(members_of(ByteClass::target),
              "!\"$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
              "abcdefghijklmnopqrstuvwxyz{|}~");
    const std::string text = members_of(ByteClass::field_text);
    EXPECT_EQ(text.size(), 256u - 32 - 1 + 1);
    EXPECT_EQ(text[0], '\t');
    EXPECT_EQ(text[1], ' ');
    EXPECT_EQ(text.find('\x7f'), std::string::npos);
}

// Every scan of `Fast` against the portable one, on bytes that end on an unreadable page.
template <class Fast>
void expect_same_ends(std::string_view text) {
    const GuardedBytes guarded(text);
    const char* const begin = guarded.text().data();
    const char* const end = begin + text.size();
    EXPECT_EQ(Fast::end_of_token(begin, end) - begin,
              PortableScan::end_of_token(begin, end) - begin)
        << testing::PrintToString(std::string(text));
    EXPECT_EQ(Fast::end_of_target(begin, end) - begin,
              PortableScan::end_of_target(begin, end) - begin)
        << testing::PrintToString(std::string(text));
    EXPECT_EQ(Fast::end_of_field_text(begin, end) - begin,
              PortableScan::end_of_field_text(begin, end) - begin)
        << testing::PrintToString(std::string(text));
}

TEST(ByteScan, AgreesWithThePortableScanOnEveryByteInEveryPlace) {
    for (const std::size_t size : {1u, 15u, 16u, 17u, 33u}) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                expect_same_ends<ByteScan>(text);
            }
        }
    }
}

TEST(ByteScan, AgreesWithThePortableScanOnMixedBytes) {
    std::mt19937 random(20261120);
    constexpr std::string_view usual = "abcXYZ-_09 \t.:/;=\x80\xff~";
    for (int round = 0; round < 5'000; ++round) {
        std::string text;
        for (std::size_t size = random() % 70; size-- > 0;) {
            const bool is_odd = random() % 40 == 0;
            text += is_odd ? static_cast<char>(random()) : usual[random() % usual.size()];
        }
        expect_same_ends<ByteScan>(text);
    }
}

TEST(ByteScan, StopsAtTheEnd) {
    for (std::size_t size = 0; size < 70; ++size) {
        const GuardedBytes guarded(std::string(size, 'a'));
        const char* const begin = guarded.text().data();
        EXPECT_EQ(ByteScan::end_of_token(begin, begin + size), begin + size);
        EXPECT_EQ(ByteScan::end_of_target(begin, begin + size), begin + size);
        EXPECT_EQ(ByteScan::end_of_field_text(begin, begin + size), begin + size);
    }
}

}  // namespace
}  // namespace ringway::http
