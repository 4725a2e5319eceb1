// The slots (slot.h) whose values are text: names, files, keys of requests and what goes into
// fields of HTTP. Immutable, made at compile time for the table in keys.cc; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/scope.h"
#include "config/toml_node.h"

namespace ringway::config {

// Tokens of HTTP (RFC 9110, 5.6.2), each with an optional version: ["TLS/1.0"].
struct ProtocolsSlot {
    Place<std::vector<std::string>> place;

    static constexpr std::string_view type = "list of names";
    static constexpr std::size_t count_max = 16;
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// A name: it appears in logs, metrics and command lines, so it is
// short and has no blanks, quotes or control characters.
struct NameSlot {
    Place<std::string> place;

    static constexpr std::string_view type = "name";
    static constexpr std::size_t bytes_max = 64;
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// The name of a file, or one of a few words that stand for none.
struct FileSlot {
    Place<std::string> place;
    std::string_view words;  // How the range tells of them.

    static constexpr std::string_view type = "file name";
    static constexpr std::size_t bytes_max = 1'024;
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// A few words of text that go into a field of HTTP, or one word that stands for none.
struct TextSlot {
    Place<std::string> place;
    std::string_view none;

    static constexpr std::string_view type = "text";
    static constexpr std::size_t bytes_max = 256;
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// What of a request is hashed: "client", "cookie:session", "host+path".
struct KeySlot {
    Place<http::RequestKey> place;

    static constexpr std::string_view type = "key";
    Stored store(const Node& node, const Scope& scope) const;
    std::string text(const Scope& scope) const;
    std::string range() const;
};

// As the file takes it.
std::string quoted(std::string_view text);

}  // namespace ringway::config
