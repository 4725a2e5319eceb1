#include "config/error_pages.h"

#include <fmt/core.h>

#include "config/side_file.h"

namespace ringway::config {

namespace {

std::string_view content_type_of(std::string_view file) {
    if (file.ends_with(".html") || file.ends_with(".htm")) return "text/html; charset=utf-8";
    if (file.ends_with(".json")) return "application/json";
    return "text/plain; charset=utf-8";
}

}  // namespace

void read_error_pages(std::string_view file_name, Loaded& loaded, std::vector<Problem>& problems) {
    for (std::size_t i = 0; i < http::own_statuses.size(); i++) {
        const std::string& file = loaded.config.error_files[i];
        if (file == built_in_page) continue;
        const std::uint16_t status = http::own_statuses[i];
        auto text = read_side_file(file_name, file, error_page_bytes_max);
        if (text) {
            loaded.config.http.error_pages.push_back(
                {.status = status,
                 .content_type = std::string(content_type_of(file)),
                 .text = std::move(*text)});
            continue;
        }
        const auto at = loaded.origins.of(fmt::format("errors.{}", status));
        problems.push_back({at.value_or(Position{}),
                            fmt::format("the page \"{}\" cannot be read: {}", file, text.error())});
    }
}

}  // namespace ringway::config
