// From the tree of a file to a Config, by way of the key table: every key is looked up, every value
// put where its slot says. It goes on after an error, so that all of them are told at once; what
// was refused keeps its default and has no origin. It judges each value by itself; what values must
// be together is validate's. One Reader per load; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/keys.h"
#include "config/origins.h"

namespace ringway::config {

class Reader {
public:
    Reader(Config& config, Origins& origins, std::vector<Problem>& problems)
        : config_(config), origins_(origins), problems_(problems) {}

    void read_file(const Node& file);

private:
    // A table of the file: its place in the key table, its place in this file, and its structs.
    struct Table {
        std::string schema;
        std::string path;
        Scope scope;

        std::string path_of(std::string_view name) const;
    };

    void read_table(const Node& node, const Table& table);
    void read_key(const Node& node, const Key& key, const Table& table);
    void read_list(const Node& node, const Key& key, const Table& table);
    void read_element(const Node& node, const Key& key, const Table& element);
    void read_value(const Node& node, const Key& key, const Table& table);
    // Tells of an unknown key; returns the name that was probably meant, or an empty one.
    std::string_view refuse_unknown(const Node& node, const Table& table);
    void require(const Node& node, const Table& table,
                 const std::vector<std::string_view>& mistyped);
    void refuse(Position at, std::string text) { problems_.push_back({at, std::move(text)}); }

    Config& config_;
    Origins& origins_;
    std::vector<Problem>& problems_;
};

}  // namespace ringway::config
