#include "sim/sweep/levels.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "sim/package/limits.hpp"
#include "tests/support/temp_dir.hpp"

using witin::sweep::parse_settings;

namespace {

std::vector<std::string> texts(std::vector<std::string> noise) {
  const auto settings = parse_settings(noise);
  if (!settings) return {settings.error().code};
  std::vector<std::string> all;
  for (const auto& setting : *settings) all.push_back(setting.text());
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("levels are lists and ranges, in increasing order, each once") {
  CHECK(texts({"normal:4"}) == Texts{"normal:4"});
  CHECK(texts({"normal:0..3"}) == Texts{"normal:0", "normal:1", "normal:2", "normal:3"});
  CHECK(texts({"normal:4.5,0,1"}) == Texts{"normal:0", "normal:1", "normal:4.5"});
  CHECK(texts({"mbs:0..1:0.1"}) == Texts{"mbs:0", "mbs:0.1", "mbs:0.2", "mbs:0.3", "mbs:0.4", "mbs:0.5", "mbs:0.6",
                                         "mbs:0.7", "mbs:0.8", "mbs:0.9", "mbs:1"});
  CHECK(texts({"simple:1..2:0.7,9"}) == Texts{"simple:1", "simple:1.7", "simple:9"});
  CHECK(texts({"normal:2..3", "mbs:1", "normal:1..2"}) == Texts{"normal:1", "normal:2", "normal:3", "mbs:1"});
  CHECK(texts({"none", "normal:1"}) == Texts{"none", "normal:1"});
  const auto settings = *parse_settings(Texts{"none", "normal:0,1", "mbs:0.25"});
  CHECK(settings[0].model.none());
  CHECK(!settings[0].level.has_value());
  CHECK(settings[1].model.none());
  CHECK(settings[2].model.name() == "normal:1");
  CHECK(*settings[3].level == 0.25);
}

TEST_CASE("a custom model is one setting, whatever its file is called") {
  const witin::test::TempDir dir;
  const std::string file = (dir / "a:b..c,d.json").string();
  witin::test::write_text(file, R"({"output": {"sigma_lsb": 1.0}})");
  const auto settings = parse_settings(Texts{"custom:" + file, "normal:1"});
  REQUIRE(settings.ok());
  CHECK(settings->size() == 2);
  CHECK(settings->front().text() == "custom:" + file);
  CHECK(!settings->front().level.has_value());
  CHECK(!settings->front().model.none());
}

TEST_CASE("levels that cannot be read or do not exist are refused") {
  for (const char* text :
       {"normal", "normal:", "normal:x", "normal:1..", "normal:..2", "normal:2..1", "normal:0..1:0",
        "normal:0..1:", "normal:1,", "normal:,1", "normal:-1", "normal:1e1", "normal:+1", "normal:1 ", "normal:.5",
        "normal:5.", "normal:0..9:0.00001", "normal:1.0000000001", "normal:1000000"}) {
    CAPTURE(text);
    CHECK(texts({text}) == Texts{"usage.levels"});
  }
  CHECK(texts({"normal:10"}) == Texts{"noise.level"});
  CHECK(texts({"normal:0..10"}) == Texts{"noise.level"});
  CHECK(texts({"gauss:1"}) == Texts{"noise.model"});
}

TEST_CASE("as many settings as are allowed, of one range and of several") {
  const auto count = [](const std::string& noise) {
    const auto settings = parse_settings(Texts{noise});
    return settings.ok() ? settings->size() : 0;
  };
  REQUIRE(witin::package::limits::kSettings == 100'000);
  CHECK(count("simple:0..0.99998:0.00001") == 99'999);
  CHECK(count("simple:0..0.99999:0.00001") == 100'000);
  CHECK(count("simple:0..1:0.00001") == 0);
  CHECK(count("simple:0..0.99998:0.00001,2..2") == 100'000);
  CHECK(count("simple:0..0.99998:0.00001,2..3") == 0);
}
