// The processes that share a sweep, and how they talk: short texts between rank 0, which leads, and each other rank.
#pragma once

#include <optional>
#include <string>

namespace witin::sweep {

struct Message {
  int from = 0;
  std::string text;
};

// Called from one thread only.
class Ranks {
 public:
  virtual ~Ranks() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  [[nodiscard]] virtual int on_this_machine() const = 0;  // ranks that share its processors, this one included
  virtual void send(int to, const std::string& text) = 0;
  [[nodiscard]] virtual std::optional<Message> poll() = 0;  // the next message, if one has arrived
};

// A process of its own.
class LoneRank final : public Ranks {
 public:
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 1; }
  [[nodiscard]] int on_this_machine() const override { return 1; }
  void send(int /*to*/, const std::string& /*text*/) override {}
  [[nodiscard]] std::optional<Message> poll() override { return std::nullopt; }
};

}  // namespace witin::sweep
