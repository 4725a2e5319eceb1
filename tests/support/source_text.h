// Files of the repository that tests hold against the program: what is committed must not fall
// behind. A test that includes this is named in tests/CMakeLists.txt, where RINGWAY_SOURCE is set.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace ringway::tests {

inline std::string source_text(const std::string& path) {
    std::ifstream file(RINGWAY_SOURCE "/" + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Markers {
    std::string_view begin;
    std::string_view end;
};

// What stands between the two lines, the first that there are.
inline std::string between(const std::string& text, Markers markers) {
    const std::size_t begin = text.find(markers.begin);
    const std::size_t end = text.find(markers.end, begin);
    if (begin == std::string::npos || end == std::string::npos) return "no markers";
    const std::size_t after = text.find('\n', begin) + 1;
    return text.substr(after, end - after);
}

}  // namespace ringway::tests
