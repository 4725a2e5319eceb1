#include "config/error_pages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace ringway::config {
namespace {

class ErrorPages : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "/pages_XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override {
        for (const char* file : {"/ringway.toml", "/sorry.html"}) unlink((folder + file).c_str());
        rmdir(folder.c_str());
    }
    void write(const std::string& file, const std::string& text) const {
        std::ofstream{folder + file} << text;
    }
    LoadResult load_with(const std::string& errors) const {
        write("/ringway.toml",
              "[[listen]]\naddress = \"0.0.0.0:80\"\n[[group]]\nname = \"web\"\n"
              "backends = [\"10.0.0.1:80\"]\n[errors]\n" +
                  errors);
        return load_file(folder + "/ringway.toml");
    }
    std::string folder;
};

TEST_F(ErrorPages, AreReadBesideTheConfiguration) {
    write("/sorry.html", "<p>sorry");
    const LoadResult loaded = load_with("502 = \"sorry.html\"\n");
    ASSERT_TRUE(loaded.has_value()) << loaded.error()[0];
    ASSERT_EQ(loaded->config.http.error_pages.size(), 1U);
    EXPECT_EQ(loaded->config.http.error_pages[0].status, 502);
    EXPECT_EQ(loaded->config.http.error_pages[0].text, "<p>sorry");
    EXPECT_EQ(loaded->config.http.error_pages[0].content_type, "text/html; charset=utf-8");
}

TEST_F(ErrorPages, ThatAreNotThereAreToldWithTheirLine) {
    const LoadResult loaded = load_with("502 = \"sorry.html\"\n503 = \"/dev/zero\"\n");
    ASSERT_FALSE(loaded.has_value());
    ASSERT_EQ(loaded.error().size(), 2U);
    EXPECT_TRUE(loaded.error()[0].ends_with(
        "ringway.toml:7:7: the page \"sorry.html\" cannot be read: No such file or directory"))
        << loaded.error()[0];
    EXPECT_TRUE(loaded.error()[1].ends_with(
        "ringway.toml:8:7: the page \"/dev/zero\" cannot be read: it is not a file"))
        << loaded.error()[1];
}

TEST_F(ErrorPages, HaveALimit) {
    write("/sorry.html", std::string(error_page_bytes_max, 'x'));
    EXPECT_TRUE(load_with("502 = \"sorry.html\"\n").has_value());
    write("/sorry.html", std::string(error_page_bytes_max + 1, 'x'));
    const LoadResult loaded = load_with("502 = \"sorry.html\"\n");
    ASSERT_FALSE(loaded.has_value());
    EXPECT_TRUE(loaded.error()[0].ends_with("it has more than 32768 bytes")) << loaded.error()[0];
}

}  // namespace
}  // namespace ringway::config
