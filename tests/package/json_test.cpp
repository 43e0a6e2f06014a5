#include "sim/package/json.hpp"

#include <doctest/doctest.h>

#include <clocale>

#include "sim/package/limits.hpp"

namespace {

using namespace witin;
using package::Json;
using package::parse_json;

std::string line(std::string_view text) {
  const auto json = parse_json(text, "x.json");
  return json.ok() ? "" : json.error().line();
}

std::string code(std::string_view text) {
  const auto json = parse_json(text, "x.json");
  return json.ok() ? "" : json.error().code;
}

std::string where(std::string_view text) { return parse_json(text, "x.json").error().where; }

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("JSON values keep their kind and order") {
  const auto json = parse_json(R"({"b": [1, -2, 2.5, 1e3, true, null, "\u00e9"], "a": {}})", "x.json");
  REQUIRE(json.ok());
  const auto& object = *json->get<Json::Object>();
  REQUIRE(object.size() == 2);
  CHECK(object[0].key == "b");
  const auto& array = *object[0].value.get<Json::Array>();
  REQUIRE(array.size() == 7);
  CHECK(*array[0].get<std::int64_t>() == 1);
  CHECK(*array[1].get<std::int64_t>() == -2);
  CHECK(*array[2].get<double>() == 2.5);
  CHECK(*array[3].get<double>() == 1000.0);
  CHECK(*array[4].get<bool>());
  CHECK(array[5].get<std::nullptr_t>() != nullptr);
  CHECK(*array[6].get<std::string>() == "\xc3\xa9");
  CHECK(object[1].value.get<Json::Object>()->empty());
}

TEST_CASE("numbers are the same under every locale") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    const auto json = parse_json("[0.125, 1.5e-3]", "x.json");
    REQUIRE(json.ok());
    CHECK(*(*json->get<Json::Array>())[0].get<double>() == 0.125);
    CHECK(*(*json->get<Json::Array>())[1].get<double>() == 0.0015);
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("text that is not JSON") {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\" 1}", "{\"a\": 1,}", "nul", "NaN", "[Infinity]", "-", "01",
                           "1 2", "{} x", "'a'", "// comment\n1", "\"\t\"", "\"\\x\"", "{1: 2}"}) {
    INFO(std::string(text));
    CHECK(code(text) == "json.syntax");
  }
  CHECK(line("{\"a\": 1,\n  \"b\": }") == "x.json line 2, column 8: the text is not valid JSON [json.syntax]");
  CHECK(code(std::string_view("1\0", 2)) == "json.syntax");
}

TEST_CASE("text that is not UTF-8, or begins with a byte order mark") {
  CHECK(code("\"\xff\"") == "json.utf8");
  CHECK(code("\"\xc0\xaf\"") == "json.utf8");          // overlong
  CHECK(code("\"\xed\xa0\x80\"") == "json.utf8");      // surrogate
  CHECK(code("\"\xf5\x80\x80\x80\"") == "json.utf8");  // beyond U+10FFFF
  CHECK(code("\"\xc3\"") == "json.utf8");
  CHECK(code("\xef\xbb\xbf{}") == "json.bom");
}

TEST_CASE("keys that stand twice") {
  CHECK(code(R"({"a": 1, "a": 1})") == "json.duplicate_key");
  CHECK(where(R"({"n": [0, {"k": 1, "a/b": 2, "a\/b": 3}]})") == "x.json/n/1/a~1b");
  CHECK(code(R"({"a": {"a": 1}, "b": {"a": 1}})") == "");
  CHECK(code("{\"a\": 1, \"\\u0061\": 2}") == "json.duplicate_key");
}

TEST_CASE("numbers out of range") {
  CHECK(where(R"({"a~b/c": 1e999})") == "x.json/a~0b~1c");
  CHECK(code("[9223372036854775807, -9223372036854775808, 1e308]") == "");
  for (const char* text : {"[0, 9223372036854775808]", "[0, -9223372036854775809]", "[0, 1e309]", "[0, -1e400]",
                           "[0, 123456789012345678901234567890]"}) {
    INFO(std::string(text));
    CHECK(code(text) == "json.number");
    CHECK(where(text) == "x.json/1");
  }
  CHECK(where(R"({"a": [{}, {"b": 18446744073709551615}]})") == "x.json/a/1/b");
}

TEST_CASE("depth, size and number of values are limited") {
  using namespace package::limits;
  CHECK(code(nested(kJsonDepth - 1)) == "");
  CHECK(code(nested(kJsonDepth)) == "");
  CHECK(code(nested(kJsonDepth + 1)) == "json.too_deep");
  CHECK(code(std::string(1'000'000, '[')) == "json.too_deep");
  CHECK(where(R"({"a": )" + nested(kJsonDepth) + "}") == "x.json/a" + [] {
    std::string out;
    for (int i = 0; i < kJsonDepth - 1; ++i) out += "/0";
    return out;
  }());

  std::string text = "\"" + std::string(kJsonBytes - 3, ' ') + "\"";
  for (const char* expected : {"", "", "json.too_large"}) {
    CHECK(code(text) == expected);
    text += ' ';
  }

  const auto values = [](std::size_t count) {
    std::string list = "[0";
    for (std::size_t i = 2; i < count; ++i) list += ",0";
    return list + "]";
  };
  CHECK(code(values(kJsonValues - 1)) == "");
  CHECK(code(values(kJsonValues)) == "");
  CHECK(code(values(kJsonValues + 1)) == "json.too_many_values");

  // Everything that looks like the end of a value, and things that count without a comma.
  const auto mixed = [](std::size_t count) {
    std::string list =
        "[ {\"a,[\" : [1] , \"b\\\",\" : \"[,{\\\\\"}, [ ], {\n}, [[[]]], \"\", -1.5e3, null";  // 13 values
    for (std::size_t i = 13; i < count; ++i) list += ",[]";
    return list + "]";
  };
  CHECK(code(mixed(kJsonValues - 1)) == "");
  CHECK(code(mixed(kJsonValues)) == "");
  CHECK(code(mixed(kJsonValues + 1)) == "json.too_many_values");
}
