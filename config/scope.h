// Where a key's value goes: the structs that the table being read or printed belongs to, and the
// place in them that a chain of members leads to, checked by the compiler. What the slots are made
// of; nothing but types and functions without state, any thread.
#pragma once

#include <string_view>
#include <tuple>

#include "config/config.h"

namespace ringway::config {

// The structs that the table being read or printed belongs to: in [[group]] the Config and the
// Group, elsewhere the Config only. The others are null and no slot of that table asks for them.
using Scope = std::tuple<Config*, Listen*, Group*, Backend*>;

template <class Owner, class Member>
Owner owner_of(Member Owner::*);

// The place a chain of members leads to: at<&Config::shards, &Shards::pin>.
template <auto First, auto... Rest>
auto& at(const Scope& scope) {
    return ((std::get<decltype(owner_of(First))*>(scope)->*First).*....*Rest);
}

template <class T>
using Place = T& (*)(const Scope& scope);

// Whether a value was taken. `because` may add what a range and a form cannot say.
struct Stored {
    bool taken = false;
    std::string_view because = {};
};

}  // namespace ringway::config
