#include "sim/sweep/journal.hpp"

#include <doctest/doctest.h>

#include "tests/support/temp_dir.hpp"

using namespace witin::sweep;
using witin::test::read_text;
using witin::test::TempDir;
using witin::test::write_text;

namespace {

const Journal::Check kAny = [](const Record&) { return true; };

std::vector<Record> records() {
  return {{7, {12, 34, {{5, 60, 7}, {0, 0, 0}}}}, {0, {0, 0, {}}}, {3, {-1, 2, {{1, UINT64_MAX, 1}}}}};
}

// A journal of these records, closed.
std::string journal_of(const TempDir& dir, std::span<const Record> records) {
  auto journal = Journal::open(dir / "j", "digest", kAny);
  REQUIRE(journal.ok());
  for (const Record& record : records) REQUIRE(journal->append(std::span(&record, 1)).ok());
  return read_text(dir / "j");
}

}  // namespace

TEST_CASE("records survive as text") {
  for (const Record& record : records()) CHECK(parse_record(to_text(record)) == record);
  CHECK(to_text(records()[0]) == "7 12 34 5 60 7 0 0 0");
  for (const char* text : {"", "1", "1 2", "1 2 3 4", "1 2 3 4 5", "1 2 3 ", " 1 2 3", "1  2 3", "1 2 x", "1 2 3x",
                           "-1 2 3", "99999999999999999999 1 1"}) {
    CAPTURE(text);
    CHECK(!parse_record(text).has_value());
  }
}

TEST_CASE("a journal remembers its records until it is removed") {
  const TempDir dir;
  journal_of(dir, records());
  {
    auto again = Journal::open(dir / "j", "digest", kAny);
    REQUIRE(again.ok());
    CHECK(again->found() == records());
    CHECK(again->dropped() == 0);
    CHECK(again->append(std::vector<Record>{{9, {}}}).ok());
  }
  auto last = Journal::open(dir / "j", "digest", kAny);
  REQUIRE(last.ok());
  CHECK(last->found().size() == 4);
  last->remove();
  { const Journal closed = std::move(last).value(); }
  CHECK(dir.empty());
}

TEST_CASE("a journal without records leaves no file") {
  const TempDir dir;
  { CHECK(Journal::open(dir / "j", "digest", kAny).ok()); }
  CHECK(dir.empty());
}

TEST_CASE("a journal cut anywhere keeps its whole records, and goes on behind them") {
  const TempDir dir;
  const std::string whole = journal_of(dir, records());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    write_text(dir / "j", whole.substr(0, size));
    std::size_t lines = 0;
    for (std::size_t i = 0; i < size; ++i) lines += whole[i] == '\n' ? 1U : 0U;
    const std::size_t kept = lines > 0 ? lines - 1 : 0;
    {
      auto journal = Journal::open(dir / "j", "digest", kAny);
      REQUIRE(journal.ok());
      REQUIRE(journal->found().size() == kept);
      for (std::size_t i = 0; i < kept; ++i) CHECK(journal->found()[i] == records()[i]);
      const std::vector<Record> all = records();
      CHECK(journal->append(std::span(all).subspan(kept)).ok());
    }
    if (kept < records().size() || size == whole.size()) CHECK(read_text(dir / "j") == whole);
  }
}

TEST_CASE("what stands behind a damaged byte is not trusted") {
  const TempDir dir;
  const std::string whole = journal_of(dir, records());
  const std::size_t first_record = whole.find('\n') + 1;
  for (std::size_t at = first_record; at < whole.size(); ++at) {
    for (const char flip : {'\x01', '\x04', '\x40'}) {
      CAPTURE(at);
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      write_text(dir / "j", damaged);
      auto journal = Journal::open(dir / "j", "digest", kAny);
      REQUIRE(journal.ok());
      CHECK(journal->dropped() > 0);
      REQUIRE(journal->found().size() < records().size());
      for (std::size_t i = 0; i < journal->found().size(); ++i) CHECK(journal->found()[i] == records()[i]);
    }
  }
}

TEST_CASE("a record that cannot be of this sweep is not taken") {
  const TempDir dir;
  journal_of(dir, records());
  const auto journal = Journal::open(dir / "j", "digest", [](const Record& record) { return record.unit != 0; });
  REQUIRE(journal.ok());
  CHECK(journal->found().size() == 1);
}

TEST_CASE("a journal of another sweep, and a file that is none, are left alone") {
  const TempDir dir;
  const std::string whole = journal_of(dir, records());
  CHECK(Journal::open(dir / "j", "other", kAny).error().code == "journal.other");
  CHECK(read_text(dir / "j") == whole);
  write_text(dir / "j", "my notes\n");
  CHECK(Journal::open(dir / "j", "digest", kAny).error().code == "journal.other");
  CHECK(read_text(dir / "j") == "my notes\n");
  CHECK(Journal::open(dir / "none" / "j", "digest", kAny).error().code == "journal.open");
  CHECK(Journal::open(dir.path(), "digest", kAny).error().code == "journal.open");
}

TEST_CASE("two processes do not work on one journal") {
  const TempDir dir;
  auto first = Journal::open(dir / "j", "digest", kAny);
  REQUIRE(first.ok());
  CHECK(Journal::open(dir / "j", "digest", kAny).error().code == "journal.busy");
  CHECK(first->append(records()).ok());
}
