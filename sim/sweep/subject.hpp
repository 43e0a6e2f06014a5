// A network and its data, run without noise once, and then with noise as often as asked: how far do codes move?
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/report/accuracy.hpp"
#include "sim/sweep/findings.hpp"
#include "witin/engine.hpp"

namespace witin::sweep {

struct SubjectOptions {
  std::filesystem::path labels = {};  // empty: none
  std::string noise_nodes = "*";      // which layers are noised
  int threads = 0;
  const std::atomic<bool>* cancel = nullptr;
};

class Subject {
 public:
  // Runs the network without noise; its codes are kept in memory. Errors: noise.nodes where the glob matches no node on
  // the array, sweep.frames where there is no frame; labels.* of AccuracySink; those of Engine::run.
  [[nodiscard]] static Result<Subject> create(Engine engine, std::unique_ptr<FrameSource> source,
                                              const SubjectOptions& options);
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  Subject(Subject&&) noexcept;
  Subject& operator=(Subject&&) noexcept;
  ~Subject();

  [[nodiscard]] const Network& network() const;

  // One trial on all layers, or on network().layers[*layer] alone; model, seed and trial as in `noise`. Safe from
  // several threads.
  [[nodiscard]] Result<Measurement> measure(const NoiseOptions& noise, std::optional<std::size_t> layer, int threads,
                                            const std::atomic<bool>* cancel) const;

  // The error a setting ends with when the model has no law for one of the layers; one frame is run.
  [[nodiscard]] Status check(const NoiseModel& model) const;

 private:
  struct State;
  explicit Subject(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace witin::sweep
