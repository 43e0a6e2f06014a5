#include "sim/diff/capture_figures.hpp"

#include <algorithm>
#include <cmath>

#include "sim/diff/elements.hpp"

namespace witin::diff {
namespace {

// Population figures of n numbers from their sums.
struct Sums {
  double sum = 0;
  double squares = 0;

  void add(double value) {
    sum += value;
    squares += value * value;
  }
  [[nodiscard]] double mean(double n) const { return sum / n; }
  [[nodiscard]] double deviation(double n) const {
    const double variance = squares / n - mean(n) * mean(n);
    return std::sqrt(std::max(variance, 0.0));
  }
};

// Largest and mean of what is added.
struct Spread {
  double largest = 0;
  double sum = 0;

  void add(double value) {
    largest = std::max(largest, value);
    sum += value;
  }
};

class Figures {
 public:
  Figures(const FieldJob& job, bool chip_is_right)
      : job_(job),
        chip_is_right_(chip_is_right),
        columns_(static_cast<std::size_t>(job.left->frame_values(job.left_entry))),
        frames_(static_cast<double>(job.frames.count)) {}

  // Chip values minus `offsets`, one a column. Leaves the mean error of every column in `means`.
  Result<CaptureFigures> compute(const std::vector<double>& offsets, std::vector<double>& means) {
    std::vector<Sums> columns(columns_);
    Spread frame_deviations;
    Spread frame_means;
    Sums expected_sums;
    Sums chip_sums;
    double products = 0;
    const auto width = static_cast<double>(columns_);
    for (std::int64_t i = 0; i < job_.frames.count; ++i) {
      if (Status status = read_frame(i); !status) return std::move(status).error();
      Sums frame;
      for (std::size_t column = 0; column < columns_; ++column) {
        const auto expected = static_cast<double>(expected_[column]);
        const double chip = static_cast<double>(chip_[column]) - offsets[column];
        const double error = chip - expected;
        frame.add(error);
        columns[column].add(error);
        expected_sums.add(expected);
        chip_sums.add(chip);
        products += chip * expected;
      }
      frame_deviations.add(frame.deviation(width));
      frame_means.add(std::abs(frame.mean(width)));
    }
    CaptureFigures figures;
    figures.frame_deviation_max = frame_deviations.largest;
    figures.frame_deviation_mean = frame_deviations.sum / frames_;
    figures.frame_mean_max = frame_means.largest;
    figures.frame_mean = frame_means.sum / frames_;
    Spread column_deviations;
    Spread column_means;
    means.resize(columns_);
    for (std::size_t column = 0; column < columns_; ++column) {
      means[column] = columns[column].mean(frames_);
      column_deviations.add(columns[column].deviation(frames_));
      column_means.add(std::abs(means[column]));
    }
    figures.column_deviation_max = column_deviations.largest;
    figures.column_deviation_mean = column_deviations.sum / width;
    figures.column_mean_max = column_means.largest;
    figures.column_mean = column_means.sum / width;
    const double n = frames_ * width;
    const double variance = expected_sums.squares - expected_sums.sum * expected_sums.sum / n;
    const double covariance = products - expected_sums.sum * chip_sums.sum / n;
    figures.slope = variance > 0 ? covariance / variance : 0;
    figures.intercept = (chip_sums.sum - figures.slope * expected_sums.sum) / n;
    const double norms = std::sqrt(expected_sums.squares) * std::sqrt(chip_sums.squares);
    figures.cosine = norms > 0 ? products / norms : 0;
    return figures;
  }

  [[nodiscard]] std::size_t columns() const { return columns_; }

 private:
  Status read_frame(std::int64_t i) {
    auto& left = chip_is_right_ ? expected_ : chip_;
    auto& right = chip_is_right_ ? chip_ : expected_;
    if (Status status = read(*job_.left, job_.left_entry, job_.frames.left_at(i), left); !status) return status;
    return read(*job_.right, job_.right_entry, job_.frames.right_at(i), right);
  }

  Status read(const Side& side, std::size_t entry, std::int64_t position, std::vector<std::int64_t>& out) {
    const DType dtype = side.entries()[entry].dtype;
    bytes_.resize(columns_ * size_of(dtype));
    out.resize(columns_);
    if (Status status = side.read(entry, position, 1, bytes_); !status) {
      return std::move(status).error().within(side.info().path);
    }
    widen(dtype, bytes_, 0, columns_, out.data());
    return {};
  }

  const FieldJob& job_;
  bool chip_is_right_;
  std::size_t columns_;
  double frames_;
  std::vector<std::byte> bytes_;
  std::vector<std::int64_t> expected_;
  std::vector<std::int64_t> chip_;
};

}  // namespace

Result<CaptureReport> capture_figures(const FieldJob& job, bool chip_is_right) {
  Figures figures(job, chip_is_right);
  CaptureReport report;
  report.chip_is_right = chip_is_right;
  std::vector<double> offsets(figures.columns());
  std::vector<double> means;
  Result<CaptureFigures> raw = figures.compute(offsets, means);
  if (!raw) return std::move(raw).error();
  report.raw = *raw;
  offsets = means;
  Result<CaptureFigures> corrected = figures.compute(offsets, means);
  if (!corrected) return std::move(corrected).error();
  report.corrected = *corrected;
  return report;
}

}  // namespace witin::diff
