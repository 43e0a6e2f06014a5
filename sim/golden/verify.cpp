#include "sim/golden/verify.hpp"

#include <chrono>

#include "sim/guard.hpp"

namespace witin::golden {
namespace {

Result<Engine> open_engine(const Case& golden_case, const std::atomic<bool>* cancel) {
  Result<Package> package = load_package(golden_case.model);
  if (!package) return std::move(package).error();
  Result<Engine> engine =
      Engine::create(std::move(package).value(), {.arithmetic = golden_case.arithmetic, .cancel = cancel});
  if (!engine) return std::move(engine).error().within(golden_case.model.string());
  return engine;
}

Result<std::unique_ptr<FrameSource>> open_source(const Case& golden_case, const Engine& engine) {
  const Result<std::vector<InputFile>> files = input_files(golden_case, engine.package());
  if (!files) return files.error();
  Result<std::unique_ptr<FrameSource>> source = open_inputs(engine.package(), *files);
  if (!source) return source;
  if (golden_case.frames && *golden_case.frames != (*source)->frames()) {
    return Error{"case.frames",
                 "the input has another number of frames than case.json says",
                 golden_case.path.string(),
                 std::to_string(*golden_case.frames),
                 std::to_string((*source)->frames()),
                 ""};
  }
  return source;
}

// Fills the result but for its verdict and error.
Status run_case(const RunOptions& options, CaseResult& result) {
  const Result<Case> golden_case = read_case(result.path);
  if (!golden_case) return golden_case.error();
  result.name = golden_case->name;
  if (Status status = check_digests(*golden_case); !status) return status;
  const Result<Engine> engine = open_engine(*golden_case, options.cancel);
  if (!engine) return engine.error();
  const auto source = open_source(*golden_case, *engine);
  if (!source) return source.error();
  const Result<Trace> expected = Trace::open(golden_case->expected);
  if (!expected) return expected.error();

  const bool unnamed = golden_case->expected.extension() == ".npy";
  auto comparison = CompareSink::create(*engine, *expected, unnamed, (*source)->frames());
  if (!comparison) return std::move(comparison).error().within(golden_case->expected.string());
  std::vector<FrameSink*> sinks{comparison->get()};
  std::unique_ptr<report::AccuracySink> accuracy;
  if (!golden_case->labels.empty()) {
    auto sink = report::AccuracySink::create(*engine, golden_case->labels, (*source)->frames());
    if (!sink) return std::move(sink).error();
    accuracy = std::move(sink).value();
    sinks.push_back(accuracy.get());
  }
  if (Status status = engine->run(**source, sinks, options); !status) {
    return std::move(status).error().within(result.path.string());
  }
  result.frames = (*source)->frames();
  result.comparisons = (*comparison)->comparisons();
  if (accuracy != nullptr) result.accuracy = accuracy->accuracy();
  if (result.compared() == 0) {
    return Error{"compare.nothing", "there was nothing to compare", golden_case->expected.string(), "", "", ""};
  }
  if (golden_case->accuracy && result.accuracy && result.accuracy->share() != *golden_case->accuracy) {
    result.error = Error{"case.accuracy",
                         "another share of the frames is right",
                         result.path.string(),
                         std::to_string(*golden_case->accuracy),
                         std::to_string(result.accuracy->share()),
                         ""};
  }
  return {};
}

}  // namespace

std::int64_t CaseResult::compared() const {
  std::int64_t sum = 0;
  for (const FieldComparison& comparison : comparisons) sum += comparison.compared;
  return sum;
}

std::int64_t CaseResult::different() const {
  std::int64_t sum = 0;
  for (const FieldComparison& comparison : comparisons) sum += comparison.different;
  return sum;
}

const FieldComparison* CaseResult::first_difference() const {
  for (const FieldComparison& comparison : comparisons) {
    if (comparison.different != 0) return &comparison;
  }
  return nullptr;
}

CaseResult verify_case(const std::filesystem::path& path, const RunOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  CaseResult result{.path = path};
  Status status = guarded(path.native(), [&] { return run_case(options, result); });
  if (!status) {
    result.error = std::move(status).error();
  } else {
    const bool equal = result.different() == 0 && !result.error;
    result.verdict = equal ? Verdict::kEqual : Verdict::kDifferent;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace witin::golden
