// A side of a comparison whose arrays are written down in the test.
#pragma once

#include <cstring>

#include "sim/diff/side.hpp"

namespace witin::test {

using HandCodes = std::vector<std::int8_t>;

inline const std::vector<std::string> kNoNames;

class HandSide final : public diff::Side {
 public:
  explicit HandSide(std::vector<std::string> network_inputs = {"x"}, std::string kind = "trace") {
    info_.path = "hand";
    info_.kind = std::move(kind);
    network_inputs_ = std::move(network_inputs);
  }

  // `codes`: [frames, *entry.shape].
  HandSide& array(diff::Entry entry, HandCodes codes) {
    entry.frames = std::ssize(codes) / element_count(entry.shape);
    info_.frames = std::max(info_.frames, entry.frames);
    entries_.push_back(std::move(entry));
    codes_.push_back(std::move(codes));
    return *this;
  }

  // npu_y of a node with two values a frame.
  HandSide& node(std::string name, std::string op, std::vector<std::string> reads, HandCodes codes) {
    diff::Entry entry;
    entry.node = std::move(name);
    entry.op = std::move(op);
    entry.inputs = std::move(reads);
    entry.shape = {2};
    return array(std::move(entry), std::move(codes));
  }

  [[nodiscard]] Status read(std::size_t entry, std::int64_t first, std::int64_t /*count*/,
                            std::span<std::byte> out) const override {
    if (!out.empty()) std::memcpy(out.data(), codes_[entry].data() + first * frame_values(entry), out.size());
    return {};
  }

 private:
  std::vector<HandCodes> codes_;
};

}  // namespace witin::test
