#include "sim/report/accuracy.hpp"

#include <algorithm>
#include <vector>

#include "sim/ops/codes.hpp"
#include "witin/input.hpp"

namespace witin::report {

Result<std::unique_ptr<AccuracySink>> AccuracySink::create(const Engine& engine, const std::filesystem::path& labels,
                                                           std::int64_t input_frames, std::int64_t first_frame,
                                                           std::optional<std::size_t> node) {
  const auto nodes = engine.nodes();
  const auto outputs = std::ranges::count_if(nodes, &NodeInfo::output);
  if (!node && outputs != 1) {
    return Error{
        "labels.output", "labels need a network of one output", labels.string(), "1", std::to_string(outputs), ""};
  }
  // Labels are read as codes of 16 bits, one a frame.
  Package file;
  file.inputs.push_back({.name = "labels", .shape = {}, .bits = 16});
  const std::vector<InputFile> files{{"", labels}};
  Result<std::unique_ptr<FrameSource>> source = open_inputs(file, files);
  if (!source) return std::move(source).error();
  if ((*source)->frames() != input_frames) {
    return Error{"labels.frames",
                 "there is not one label a frame",
                 labels.string(),
                 std::to_string(input_frames),
                 std::to_string((*source)->frames()),
                 ""};
  }
  std::unique_ptr<AccuracySink> sink(new AccuracySink);
  const auto output =
      node ? nodes.begin() + static_cast<std::ptrdiff_t>(*node) : std::ranges::find_if(nodes, &NodeInfo::output);
  sink->labels_ = std::move(source).value();
  sink->path_ = labels;
  sink->node_ = static_cast<std::size_t>(output - nodes.begin());
  sink->storage_ = output->fields.front().storage;
  sink->classes_ = element_count(output->shape);
  sink->first_frame_ = first_frame;
  return sink;
}

std::unique_ptr<AccuracySink> AccuracySink::again() const {
  std::unique_ptr<AccuracySink> sink(new AccuracySink);
  sink->labels_ = labels_;
  sink->path_ = path_;
  sink->node_ = node_;
  sink->storage_ = storage_;
  sink->classes_ = classes_;
  sink->first_frame_ = first_frame_;
  return sink;
}

bool AccuracySink::wants(std::size_t node, std::size_t field) const { return node == node_ && field == 0; }

Status AccuracySink::write(std::size_t, std::size_t, std::int64_t first, std::int64_t count, const void* codes) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
  if (Status read = labels_->read(0, first_frame_ + first, count, Storage::kS32, labels.data()); !read) return read;
  std::int64_t correct = 0;
  std::vector<std::int32_t> scores(static_cast<std::size_t>(classes_));
  for (std::size_t frame = 0; frame < labels.size(); ++frame) {
    if (labels[frame] >= classes_) {
      const std::int64_t at = first_frame_ + first + static_cast<std::int64_t>(frame);
      return Error{"labels.range",
                   "a label is not a class of the output",
                   path_.string() + ": frame " + std::to_string(at),
                   "0.." + std::to_string(classes_ - 1),
                   std::to_string(labels[frame]),
                   ""};
    }
    ops::widen(storage_, codes, frame * scores.size(), scores);
    correct += std::ranges::max_element(scores) - scores.begin() == labels[frame] ? 1 : 0;
  }
  correct_ += correct;
  frames_ += count;
  return {};
}

}  // namespace witin::report
