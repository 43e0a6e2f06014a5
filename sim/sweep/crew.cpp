#include "sim/sweep/crew.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <thread>

#include "sim/cancel.hpp"
#include "sim/processors.hpp"

namespace witin::sweep {
namespace {

using std::chrono::milliseconds;

// The first letter of every message.
constexpr char kReady = 'R';    // to rank 0: the digest
constexpr char kRecord = 'M';   // to rank 0: a measurement
constexpr char kFailure = 'E';  // to rank 0: an error; nothing more follows but kBye
constexpr char kBye = 'B';      // to rank 0: the last message of a rank
constexpr char kUnits = 'U';    // from rank 0: the units to do
constexpr char kDismiss = 'D';  // from rank 0: to end

constexpr milliseconds kAlone(50);    // between looks at the cancel flag
constexpr milliseconds kTogether(2);  // between looks for messages

constexpr char kBetweenParts = '\x1f';

std::string error_text(const Error& error) {
  std::string text;
  for (const std::string* part : {&error.code, &error.what, &error.where, &error.expected, &error.found, &error.hint}) {
    text += *part + kBetweenParts;
  }
  return text;
}

Error parse_error(std::string_view text) {
  Error error;
  for (std::string* part : {&error.code, &error.what, &error.where, &error.expected, &error.found, &error.hint}) {
    const std::size_t end = std::min(text.find(kBetweenParts), text.size());
    *part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return error;
}

std::vector<std::size_t> parse_units(std::string_view text) {
  std::vector<std::size_t> units;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end; ++at) {
    at = std::from_chars(at, end, units.emplace_back()).ptr;
  }
  return units;
}

class Leader {
 public:
  Leader(Ranks& ranks, const Share& share, const std::function<Status(std::span<const Record>)>& record)
      : ranks_(ranks), share_(share), record_(record) {}

  Status run(std::span<const std::size_t> pending) {
    if (Status met = meet(); !met) return met;
    std::vector<std::size_t> own;
    std::vector<std::string> shares(static_cast<std::size_t>(ranks_.size()), std::string(1, kUnits));
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const std::size_t rank = i % shares.size();
      if (rank == 0) {
        own.push_back(pending[i]);
      } else {
        shares[rank] += std::to_string(pending[i]) + " ";
      }
    }
    for (int rank = 1; rank < ranks_.size(); ++rank) ranks_.send(rank, shares[static_cast<std::size_t>(rank)]);
    Pool pool(std::move(own), share_.threads, share_.measure);
    const milliseconds patience = ranks_.size() > 1 ? kTogether : kAlone;
    while (recorded_ < pending.size()) {
      if (is_cancelled(share_.cancel)) return cancelled("sweep");
      if (Status taken = take(pool, patience); !taken) return taken;
    }
    return {};
  }

 private:
  // Every rank is ready and sees the same sweep.
  Status meet() {
    for (int missing = ranks_.size() - 1; missing > 0;) {
      if (is_cancelled(share_.cancel)) return cancelled("sweep");
      const std::optional<Message> message = ranks_.poll();
      if (!message) {
        std::this_thread::sleep_for(kTogether);
        continue;
      }
      if (Status heard = hear(*message); !heard) return heard;
      --missing;
    }
    return {};
  }

  Status hear(const Message& message) {
    const std::string_view text = std::string_view(message.text).substr(1);
    switch (message.text.front()) {
      case kFailure:
        return parse_error(text).within("rank " + std::to_string(message.from));
      case kReady:
        if (text == share_.digest) return {};
        return Error{"sweep.ranks",
                     "a rank sees other files than rank 0",
                     "rank " + std::to_string(message.from),
                     share_.digest,
                     std::string(text),
                     "give every machine the same program and files"};
      case kRecord:
        if (std::optional<Record> record = parse_record(text)) {
          fresh_.push_back(*std::move(record));
          return {};
        }
        break;
      default:
        break;
    }
    return Error{"internal.message", "a rank said what cannot be", "rank " + std::to_string(message.from), "", "", ""};
  }

  // Records all that has come since the last time, at once.
  Status take(Pool& pool, milliseconds patience) {
    fresh_.clear();
    if (pool.drained() && ranks_.size() > 1) std::this_thread::sleep_for(patience);
    for (auto outcome = pool.pop(patience); outcome; outcome = pool.pop(milliseconds(0))) {
      if (!outcome->measurement) return std::move(outcome->measurement).error();
      fresh_.push_back({outcome->unit, std::move(outcome->measurement).value()});
    }
    while (const std::optional<Message> message = ranks_.poll()) {
      if (Status heard = hear(*message); !heard) return heard;
    }
    recorded_ += fresh_.size();
    return fresh_.empty() ? Status() : record_(fresh_);
  }

  Ranks& ranks_;
  const Share& share_;
  const std::function<Status(std::span<const Record>)>& record_;
  std::vector<Record> fresh_;
  std::size_t recorded_ = 0;
};

class Servant {
 public:
  Servant(Ranks& ranks, const Result<Share>& share) : ranks_(ranks), share_(share) {}

  void run() {
    if (share_) {
      tell(kReady, share_->digest);
    } else {
      fail(share_.error());
    }
    while (!dismissed_) {
      listen();
      if (share_ && is_cancelled(share_->cancel)) fail(cancelled("sweep"));
      if (pool_ == nullptr || pool_->drained()) {
        std::this_thread::sleep_for(kTogether);
        continue;
      }
      if (auto outcome = pool_->pop(kTogether)) report(*outcome);
    }
    pool_.reset();
    tell(kBye, "");
  }

 private:
  void tell(char kind, std::string_view text) { ranks_.send(0, std::string(1, kind) + std::string(text)); }

  void fail(const Error& error) {
    if (!failed_) tell(kFailure, error_text(error));
    failed_ = true;
    pool_.reset();
  }

  void report(const Pool::Outcome& outcome) {
    if (!outcome.measurement) return fail(outcome.measurement.error());
    tell(kRecord, to_text({outcome.unit, *outcome.measurement}));
  }

  void listen() {
    const std::optional<Message> message = ranks_.poll();
    if (!message) return;
    if (message->text.front() == kDismiss) {
      dismissed_ = true;
    } else if (!failed_) {
      const std::string_view units = std::string_view(message->text).substr(1);
      pool_ = std::make_unique<Pool>(parse_units(units), share_->threads, share_->measure);
    }
  }

  Ranks& ranks_;
  const Result<Share>& share_;
  std::unique_ptr<Pool> pool_;
  bool failed_ = false;
  bool dismissed_ = false;
};

}  // namespace

Status lead(Ranks& ranks, const Share& share, std::span<const std::size_t> pending,
            const std::function<Status(std::span<const Record>)>& record) {
  return Leader(ranks, share, record).run(pending);
}

void dismiss(Ranks& ranks) {
  for (int rank = 1; rank < ranks.size(); ++rank) ranks.send(rank, std::string(1, kDismiss));
  for (int present = ranks.size() - 1; present > 0;) {
    const std::optional<Message> message = ranks.poll();
    if (!message) {
      std::this_thread::sleep_for(kTogether);
    } else if (message->text.front() == kBye) {
      --present;
    }
  }
}

void serve(Ranks& ranks, const Result<Share>& share) { Servant(ranks, share).run(); }

int default_threads(const Ranks& ranks) {
  const int all = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(processors(), all / ranks.on_this_machine()));
}

}  // namespace witin::sweep
