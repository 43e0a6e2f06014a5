#include "sim/sweep/crew.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <set>

using namespace witin::sweep;
using witin::Error;
using witin::Result;
using witin::Status;

namespace {

// Ranks of threads of this process: a mailbox each.
struct Mail {
  std::mutex mutex;
  std::map<int, std::deque<Message>> boxes;
};

class ThreadRanks final : public Ranks {
 public:
  ThreadRanks(Mail& mail, int rank, int size) : mail_(mail), rank_(rank), size_(size) {}
  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] int on_this_machine() const override { return size_; }
  void send(int to, const std::string& text) override {
    const std::scoped_lock lock(mail_.mutex);
    mail_.boxes[to].push_back({rank_, text});
  }
  [[nodiscard]] std::optional<Message> poll() override {
    const std::scoped_lock lock(mail_.mutex);
    auto& box = mail_.boxes[rank_];
    if (box.empty()) return std::nullopt;
    Message message = std::move(box.front());
    box.pop_front();
    return message;
  }

 private:
  Mail& mail_;
  int rank_;
  int size_;
};

// Any function of the unit alone.
Measurement measurement_of(std::size_t unit) {
  const auto n = static_cast<std::int64_t>(unit);
  return {n * n % 97, n % 5, {{n, unit * unit, n % 3}}};
}

struct Outcome {
  Status status;
  std::map<std::size_t, Measurement> found;
};

Error failure() { return {"test.failed", "it failed", "here", "this", "that", "do something"}; }

// The units 0, 2, 4, ... below 2 * count, by ranks of so many threads.
Outcome run(
    int ranks, int threads, std::size_t count, const std::function<Result<Share>(int rank)>& share_of,
    const std::function<Status()>& recorded = [] { return Status(); }) {
  Mail mail;
  Outcome outcome;
  std::vector<std::thread> others;
  const auto complete = [&](int rank) {
    Result<Share> share = share_of(rank);
    if (share) share->threads = threads;
    return share;
  };
  for (int rank = 1; rank < ranks; ++rank) {
    others.emplace_back([&, rank] {
      ThreadRanks own(mail, rank, ranks);
      serve(own, complete(rank));
    });
  }
  ThreadRanks own(mail, 0, ranks);
  std::vector<std::size_t> pending;
  for (std::size_t i = 0; i < count; ++i) pending.push_back(2 * i);
  outcome.status = lead(own, *complete(0), pending, [&](std::span<const Record> records) {
    for (const Record& record : records) {
      CHECK(outcome.found.emplace(record.unit, record.measurement).second);  // each unit once
    }
    return recorded();
  });
  dismiss(own);
  for (std::thread& other : others) other.join();
  return outcome;
}

Result<Share> good_share(int /*rank*/) {
  return Share{.digest = "d", .threads = 1, .measure = [](std::size_t unit, int, const std::atomic<bool>&) {
                 return Result<Measurement>(measurement_of(unit));
               }};
}

}  // namespace

TEST_CASE("every unit is measured once, by any number of ranks and threads") {
  for (const int ranks : {1, 2, 3, 4}) {
    for (const int threads : {1, 2, 5}) {
      for (const std::size_t count : {0U, 1U, 2U, 7U, 100U}) {
        CAPTURE(ranks);
        CAPTURE(threads);
        CAPTURE(count);
        const Outcome outcome = run(ranks, threads, count, good_share);
        CHECK(outcome.status.ok());
        REQUIRE(outcome.found.size() == count);
        for (const auto& [unit, measurement] : outcome.found) {
          CHECK(unit % 2 == 0);
          CHECK(measurement == measurement_of(unit));
        }
      }
    }
  }
}

TEST_CASE("ranks share the units") {
  std::mutex mutex;
  std::map<int, std::set<std::size_t>> done;
  const Outcome outcome = run(3, 1, 30, [&](int rank) {
    Result<Share> share = good_share(rank);
    share->measure = [&, rank](std::size_t unit, int, const std::atomic<bool>&) {
      const std::scoped_lock lock(mutex);
      done[rank].insert(unit);
      return Result<Measurement>(measurement_of(unit));
    };
    return share;
  });
  CHECK(outcome.status.ok());
  for (const int rank : {0, 1, 2}) CHECK(done[rank].size() == 10);
}

TEST_CASE("an error of any rank ends all ranks, and says which it was") {
  for (const int ranks : {1, 2, 3}) {
    for (int bad = 0; bad < ranks; ++bad) {
      CAPTURE(ranks);
      CAPTURE(bad);
      const Outcome outcome = run(ranks, 2, 1000, [&](int rank) {
        Result<Share> share = good_share(rank);
        if (rank == bad) {
          share->measure = [](std::size_t unit, int, const std::atomic<bool>&) {
            return unit > 40 ? Result<Measurement>(failure()) : Result<Measurement>(measurement_of(unit));
          };
        }
        return share;
      });
      REQUIRE(!outcome.status.ok());
      const Error& error = outcome.status.error();
      CHECK(error.code == "test.failed");
      CHECK(error.where == (bad == 0 ? "here" : "rank " + std::to_string(bad) + ": here"));
      CHECK(error.found == "that");
      CHECK(error.hint == "do something");
    }
  }
}

TEST_CASE("a rank that cannot begin, or sees other files, ends all ranks") {
  const Outcome missing =
      run(3, 1, 10, [](int rank) { return rank == 2 ? Result<Share>(failure()) : good_share(rank); });
  REQUIRE(!missing.status.ok());
  CHECK(missing.status.error().code == "test.failed");
  CHECK(missing.found.empty());
  const Outcome other = run(2, 1, 10, [](int rank) {
    Result<Share> share = good_share(rank);
    if (rank == 1) share->digest = "e";
    return share;
  });
  REQUIRE(!other.status.ok());
  CHECK(other.status.error().code == "sweep.ranks");
}

TEST_CASE("what is thrown while measuring is an error, and a result that cannot be kept ends the sweep") {
  const Outcome thrown = run(2, 1, 10, [](int rank) {
    Result<Share> share = good_share(rank);
    share->measure = [](std::size_t, int, const std::atomic<bool>&) -> Result<Measurement> {
      throw std::runtime_error("boom");
    };
    return share;
  });
  REQUIRE(!thrown.status.ok());
  CHECK(thrown.status.error().code == "internal.exception");
  const Outcome full = run(2, 1, 10, good_share, [] { return Status(failure()); });
  CHECK(!full.status.ok());
}

TEST_CASE("a sweep can be stopped while units are measured") {
  for (const int ranks : {1, 2, 3}) {
    std::atomic<bool> cancel = false;
    const Outcome outcome = run(
        ranks, 2, 1000,
        [&](int) {
          return Result<Share>(
              Share{.digest = "d",
                    .threads = 1,
                    .measure = [](std::size_t unit, int, const std::atomic<bool>& stop) -> Result<Measurement> {
                      // Long units look at the flag themselves.
                      while (unit > 20 && !stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                      if (stop) return Error{"run.cancelled", "", "", "", "", ""};
                      return measurement_of(unit);
                    },
                    .cancel = &cancel});
        },
        [&] { return cancel = true, Status(); });
    REQUIRE(!outcome.status.ok());
    CHECK(outcome.status.error().code == "run.cancelled");
    CHECK(!outcome.found.empty());
  }
}

TEST_CASE("one unit gets all threads, many units one each") {
  for (const auto& [count, threads, expected] : {std::tuple{1U, 4, 4}, {2U, 4, 2}, {3U, 4, 1}, {50U, 4, 1}}) {
    std::atomic<int> most = 0;
    const int each = expected;
    const Outcome outcome = run(1, threads, count, [&](int rank) {
      Result<Share> share = good_share(rank);
      share->measure = [&](std::size_t unit, int given, const std::atomic<bool>&) {
        most = std::max(most.load(), given);
        return Result<Measurement>(measurement_of(unit));
      };
      return share;
    });
    CHECK(outcome.status.ok());
    CHECK(most == each);
  }
}
