// Outputs are complete or absent: full disks, limits, missing rights, runs that end in the middle.
#include "sim/trace/output_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "sim/trace/frame_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;
using test::read_text;
using test::TempDir;
using test::write_text;
using trace::FrameFile;
using trace::OutputFile;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string write(const std::filesystem::path& path, std::string_view text) {
  const Status status = trace::write_file(path, text);
  return status.ok() ? "" : status.error().code;
}

// Runs `work` in a process of its own; its exit status, or -1 when it was killed.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a file appears when it is committed, and not before") {
  for (const auto unnamed : {OutputFile::Unnamed::kIfPossible, OutputFile::Unnamed::kNever}) {
    const TempDir dir;
    auto file = OutputFile::create(dir / "out", 11, unnamed);
    REQUIRE_MESSAGE(file.ok(), file.error().line());
    CHECK(file->write(6, bytes("world")).ok());
    CHECK(file->write(0, bytes("hello ")).ok());
    CHECK(!std::filesystem::exists(dir / "out"));
    REQUIRE(file->commit().ok());
    CHECK(read_text(dir / "out") == "hello world");
    CHECK(std::ranges::distance(std::filesystem::directory_iterator(dir.path())) == 1);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    CHECK((std::filesystem::status(dir / "out").permissions() & std::filesystem::perms::all) ==
          static_cast<std::filesystem::perms>(0666 & ~mask));
  }
}

TEST_CASE("what is not committed leaves nothing, and the old file as it was") {
  for (const auto unnamed : {OutputFile::Unnamed::kIfPossible, OutputFile::Unnamed::kNever}) {
    const TempDir dir;
    {
      auto file = OutputFile::create(dir / "out", 3, unnamed);
      REQUIRE(file.ok());
      CHECK(file->write(0, bytes("new")).ok());
      OutputFile moved = std::move(file).value();
    }
    CHECK(dir.empty());
    write_text(dir / "out", "old");
    {
      auto file = OutputFile::create(dir / "out", 3, unnamed);
      REQUIRE(file.ok());
      CHECK(file->write(0, bytes("new")).ok());
    }
    CHECK(read_text(dir / "out") == "old");
    CHECK(std::ranges::distance(std::filesystem::directory_iterator(dir.path())) == 1);
    CHECK(write(dir / "out", "new") == "");
    CHECK(read_text(dir / "out") == "new");
  }
}

TEST_CASE("a run that is killed leaves nothing") {
  const TempDir dir;
  const int status = in_child([&] {
    auto file = OutputFile::create(dir / "out", 1'000'000);
    if (!file || !file->write(0, bytes("begun"))) return 1;
    ::raise(SIGKILL);
    return 2;
  });
  CHECK(status == -1);
  CHECK(dir.empty());
}

TEST_CASE("a file that is read while it is replaced stays what it was") {
  const TempDir dir;
  write_text(dir / "data", "input");
  std::ifstream input(dir / "data", std::ios::binary);
  CHECK(write(dir / "data", "output") == "");
  CHECK(std::string(std::istreambuf_iterator<char>(input), {}) == "input");
  CHECK(read_text(dir / "data") == "output");
}

TEST_CASE("a link to a file stays a link") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "far");
  write_text(dir / "far/out", "old");
  std::filesystem::create_symlink(dir / "far/out", dir / "link");
  CHECK(write(dir / "link", "new") == "");
  CHECK(std::filesystem::is_symlink(dir / "link"));
  CHECK(read_text(dir / "far/out") == "new");
}

TEST_CASE("places that cannot be written") {
  const TempDir dir;
  CHECK(write(dir / "none/out", "x") == "output.open");
  CHECK(write("", "x") == "output.open");
  CHECK(write(dir.path().string() + "/", "x") == "output.open");
  CHECK(write(dir.path(), "x") == "output.not_a_file");
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK(write(dir / "pipe", "x") == "output.not_a_file");
  CHECK(write(dir / "pipe/out", "x") == "output.open");
  CHECK(write(dir / std::string(300, 'n'), "x").starts_with("output."));
  CHECK(trace::write_file(dir / "none/out", "x").error().line() ==
        (dir / "none/out").string() +
            ": the file cannot be written; expected a writable directory, found No such file or directory "
            "[output.open]");

  std::filesystem::create_directory(dir / "locked");
  write_text(dir / "locked/out", "old");
  std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
  std::filesystem::permissions(dir / "locked", static_cast<std::filesystem::perms>(0555));
  const int status = in_child([&] {
    constexpr uid_t kNobody = 65534;  // root may write everywhere
    if (::getuid() == 0 && ::setuid(kNobody) != 0) return 1;
    return write(dir / "locked/new", "x") == "output.open" && write(dir / "locked/out", "x") == "output.open" ? 0 : 2;
  });
  CHECK(status == 0);
  CHECK(read_text(dir / "locked/out") == "old");
}

TEST_CASE("devices are written in place") {
  CHECK(write("/dev/null", "x") == "");
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK(write("/dev/full", "x") == "output.no_space");
}

TEST_CASE("a file beyond the process's limit is refused before it is begun") {
  const TempDir dir;
  const int status = in_child([&] {
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    for (const auto unnamed : {OutputFile::Unnamed::kIfPossible, OutputFile::Unnamed::kNever}) {
      if (!OutputFile::create(dir / "out", 1000, unnamed)) return 2;
      const auto file = OutputFile::create(dir / "out", 1001, unnamed);
      if (file || file.error().code != "output.no_space") return 3;
    }
    return 0;
  });
  CHECK(status == 0);
  CHECK(dir.empty());
}

TEST_CASE("a full disk is an error before the run, and leaves nothing") {
  const TempDir dir;
  const auto space = std::filesystem::space(dir.path()).available;
  REQUIRE(space > 0);
  for (const auto unnamed : {OutputFile::Unnamed::kIfPossible, OutputFile::Unnamed::kNever}) {
    CHECK(OutputFile::create(dir / "out", 2 * space, unnamed).error().code == "output.no_space");
  }
  CHECK(OutputFile::create(dir / "out", std::uint64_t{1} << 63).error().code == "output.no_space");
  const auto frames = static_cast<std::int64_t>(space);
  CHECK(FrameFile::create_npy(dir / "o.npy", {"", DType::kI32, {4}}, frames).error().code == "output.no_space");
  CHECK(FrameFile::create_zip(dir / "o.npz", {}, {{"a.npy", DType::kI32, {4}}}, frames).error().code ==
        "output.no_space");
  CHECK(FrameFile::create_npy(dir / "o.npy", {"", DType::kI32, {1 << 30}}, std::int64_t{1} << 40).error().code ==
        "internal.frame_file");
  CHECK(dir.empty());
}

TEST_CASE("a directory that disappears during the run is an error") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "gone");
  auto file = OutputFile::create(dir / "gone/out", 1);
  REQUIRE(file.ok());
  CHECK(file->write(0, bytes("x")).ok());
  std::filesystem::remove_all(dir / "gone");
  CHECK(file->commit().error().code == "output.rename");
}
