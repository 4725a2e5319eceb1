// What is said of a key that its table does not have. Most such keys are right somewhere else: one
// table too high or too low, or in another part of the file; others are mistyped, or both. The
// answer says where and in which form it is to be written, and lists what there is only when
// nothing is near. All of it comes from the key table. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"

namespace ringway::config {

struct UnknownKey {
    std::string hint;
    // The name of this table that was probably meant; empty where it was none of them.
    std::string_view meant = {};
};

// REQUIRES: the table has no key of that name.
UnknownKey explain_unknown(KeyLookup written);

// Of its keys, in the order of the key table.
std::vector<std::string_view> names_in(std::string_view table);

}  // namespace ringway::config
