#include "sim/golden/output_folder.hpp"

#include <doctest/doctest.h>

#include "sim/golden/tab_json.hpp"
#include "tests/support/temp_dir.hpp"

using namespace witin;
using namespace witin::golden;

TEST_CASE("OutputFolder: appears when it is committed, and leaves nothing behind otherwise") {
  const test::TempDir parent;
  {
    auto folder = OutputFolder::create(parent / "out", false);
    REQUIRE(folder.ok());
    test::write_text(folder->files() / "a.txt", "a");
    CHECK_FALSE(std::filesystem::exists(parent / "out"));
  }
  CHECK(parent.empty());
  auto folder = OutputFolder::create(parent / "out/", false);
  REQUIRE(folder.ok());
  test::write_text(folder->files() / "a.txt", "a");
  REQUIRE(folder->commit().ok());
  CHECK(test::read_text(parent / "out/a.txt") == "a");
}

TEST_CASE("OutputFolder: replaces what is there only where that is wanted") {
  const test::TempDir parent;
  std::filesystem::create_directory(parent / "out");
  test::write_text(parent / "out/old.txt", "old");
  const auto refused = OutputFolder::create(parent / "out", false);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == "output.folder");
  test::write_text(parent / "file", "");
  for (const bool replace : {false, true}) CHECK_FALSE(OutputFolder::create(parent / "file", replace).ok());
  CHECK_FALSE(OutputFolder::create(parent / "no/such/out", false).ok());

  auto folder = OutputFolder::create(parent / "out", true);
  REQUIRE(folder.ok());
  test::write_text(folder->files() / "new.txt", "new");
  CHECK(test::read_text(parent / "out/old.txt") == "old");
  REQUIRE(folder->commit().ok());
  CHECK_FALSE(std::filesystem::exists(parent / "out/old.txt"));
  CHECK(test::read_text(parent / "out/new.txt") == "new");
  std::filesystem::remove_all(parent / "out");
  std::filesystem::remove(parent / "file");
  CHECK(parent.empty());
}

TEST_CASE("TextFile: numbers, int16, and an error that is kept until the end") {
  const test::TempDir folder;
  TextFile file(folder / "deep/er/a.bin");
  file << INT64_MIN << ' ' << std::int64_t{0};
  file.int16(-2);
  file.int16(258);
  REQUIRE(file.close().ok());
  CHECK(test::read_text(folder / "deep/er/a.bin") == "-9223372036854775808 0\xfe\xff\x02\x01");
  TextFile full("/dev/full");
  full << "text";
  const Status closed = full.close();
  REQUIRE_FALSE(closed.ok());
  CHECK(closed.error().code == "output.write");
  TextFile nowhere(folder / "deep/er/a.bin/b");
  nowhere << "text";
  const Status failed = nowhere.close();
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().code == "output.open");
}

TEST_CASE("TabJson: the layout of the vendor's tools") {
  const test::TempDir folder;
  TextFile file(folder / "a.json");
  TabJson json(file);
  json.open('{');
  json.number("G", 2);
  json.open('[', "list");
  json.element(1);
  json.element(-2);
  json.close(']');
  json.open('[', "none");
  json.close(']');
  json.open('[', "objects");
  json.open('{');
  json.text("a", "quote \" and \xff");
  json.close('}');
  json.close(']');
  json.begin_text("data");
  file << "1,2";
  json.end_text();
  json.boolean("on", false);
  json.close('}');
  REQUIRE(file.close().ok());
  CHECK(
      test::read_text(folder / "a.json") ==
      "{\n\t\"G\" : 2,\n\t\"list\" : \n\t[\n\t\t1,\n\t\t-2\n\t],\n\t\"none\" : \n\t[],\n\t\"objects\" : \n\t[\n\t\t{\n"
      "\t\t\t\"a\" : \"quote \\\" and \\ufffd\"\n\t\t}\n\t],\n\t\"data\" : \"1,2\",\n\t\"on\" : false\n}");
}
