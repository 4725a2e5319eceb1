#include "http/field_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::http {
namespace {

std::vector<FieldId> all_ids() {
    std::vector<FieldId> ids;
    for (int id = 0; id <= static_cast<int>(FieldId::x_request_id); ++id) {
        ids.push_back(static_cast<FieldId>(id));
    }
    return ids;
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& byte : result) {
        if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 0x20);
    }
    return result;
}

TEST(FieldIds, AreFoundByTheirNamesInAnyCase) {
    std::set<std::string_view> names;
    for (const FieldId id : all_ids()) {
        if (id == FieldId::other) continue;
        const std::string_view name = name_of(id);
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(field_id_of(name), id) << name;
        EXPECT_EQ(field_id_of(upper(name)), id) << name;
    }
}

TEST(FieldIds, AreNotFoundByAlmostTheirNames) {
    for (const FieldId id : all_ids()) {
        const std::string name(name_of(id));
        for (std::size_t at = 0; at < name.size(); ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string other = name;
                other[at] = static_cast<char>(byte);
                if (!is_in(ByteClass::token, other[at]) || equals_ignoring_case(other, name))
                    continue;
                EXPECT_EQ(field_id_of(other), FieldId::other) << other;
            }
        }
        EXPECT_EQ(field_id_of(name + "s"), FieldId::other);
        EXPECT_EQ(field_id_of("x" + name), FieldId::other);
    }
    EXPECT_EQ(field_id_of("a"), FieldId::other);
    EXPECT_EQ(field_id_of(std::string(1'000, 'x')), FieldId::other);
}

TEST(Text, IsComparedWithoutCaseOfAsciiLetters) {
    EXPECT_TRUE(equals_ignoring_case("ChUnKeD", "chunked"));
    EXPECT_TRUE(equals_ignoring_case("", ""));
    EXPECT_FALSE(equals_ignoring_case("chunked ", "chunked"));
    EXPECT_FALSE(equals_ignoring_case("[", "{"));
    EXPECT_FALSE(equals_ignoring_case("\r", "-"));
    EXPECT_FALSE(equals_ignoring_case("\xe4", "\xc4"));
}

TEST(Text, IsTrimmedOfSpacesAndTabsOnly) {
    EXPECT_EQ(trim_white_space(" \ta b\t "), "a b");
    EXPECT_EQ(trim_white_space(" \t "), "");
    EXPECT_EQ(trim_white_space("\va\v"), "\va\v");
}

std::vector<std::string_view> elements_of(std::string_view list) {
    std::vector<std::string_view> elements;
    for (ListReader reader(list); reader.next();) elements.push_back(reader.element());
    return elements;
}

TEST(Lists, HaveTrimmedElementsAndNoEmptyOnes) {
    using Elements = std::vector<std::string_view>;
    EXPECT_EQ(elements_of("a"), (Elements{"a"}));
    EXPECT_EQ(elements_of("a,b , \tc"), (Elements{"a", "b", "c"}));
    EXPECT_EQ(elements_of(",, a ,,b, ,"), (Elements{"a", "b"}));
    EXPECT_EQ(elements_of(""), Elements{});
    EXPECT_EQ(elements_of(" , ,"), Elements{});
    EXPECT_EQ(elements_of("a b,c"), (Elements{"a b", "c"}));
}

TEST(Authorities, HaveAHostAndMaybeAPort) {
    for (const std::string_view good : {"a", "a:1", "a:", "[::1]", "[::1]:65535", "1.2.3.4:80",
                                        "a.b-c_d~e", "%41", "a%2fb", "EXAMPLE.com."}) {
        EXPECT_TRUE(is_authority(good)) << good;
    }
    for (const std::string_view bad :
         {"",      ":",   ":80", "a:65536", "a:999999", "a:b",    "a:1:2",   "a b",
          "a,b",   "a/b", "u@a", "[::1",    "[]",       "[::1]1", "[::1]:x", "::1",
          "[:::]", "%4",  "a%",  "%xy",     "\x80",     "a\t"}) {
        EXPECT_FALSE(is_authority(bad)) << bad;
    }
    EXPECT_FALSE(is_authority(std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_authority(std::string_view("[::1\0]", 6)));
}

}  // namespace
}  // namespace ringway::http
