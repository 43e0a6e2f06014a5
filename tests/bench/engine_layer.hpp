// One linear layer in an engine, with frames in memory: what whole runs are measured on, without files.
#pragma once

#include <cstdint>
#include <string>

#include "witin/engine.hpp"

namespace witin::bench {

// A package of one linear layer of random 8-bit weights, k x n.
[[nodiscard]] Engine linear_engine(const std::string& isa, std::int64_t k, std::int64_t n);

// Random uint8 codes, [frames, k].
class Frames final : public FrameSource {
 public:
  Frames(std::int64_t frames, std::int64_t k);
  [[nodiscard]] std::int64_t frames() const override { return frames_; }
  Status read(std::size_t, std::int64_t first, std::int64_t count, Storage, void* codes) override;

 private:
  std::int64_t frames_, k_;
  std::string codes_;
};

// Room for the outputs, [frames, n] int8.
class Outputs final : public FrameSink {
 public:
  Outputs(std::int64_t frames, std::int64_t n);
  [[nodiscard]] bool wants(std::size_t, std::size_t field) const override { return field == 0; }
  Status write(std::size_t, std::size_t, std::int64_t first, std::int64_t count, const void* codes) override;

 private:
  std::int64_t n_;
  std::string codes_;
};

// Benchmarks have nobody to give an error to: prints it and ends the program.
[[noreturn]] void fail(const Error& error);

}  // namespace witin::bench
