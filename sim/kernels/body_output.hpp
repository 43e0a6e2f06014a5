// Finished accumulators -> output memory: by rows, transposed, or scattered. Part of body.hpp.
#pragma once

namespace {

using witin::kernels::OutputArgs;

constexpr std::int64_t kStripRows = 48;      // a multiple of 16 and of the tallest tiles
constexpr std::int64_t kLastStripRows = 64;  // the last strip takes what is left up to this: few rows transpose badly

WITIN_INLINE std::int64_t strip_end(std::int64_t first, std::int64_t end) {
  return end - first <= kLastStripRows ? end : first + kStripRows;
}

WITIN_INLINE std::int64_t size_of(Element element) {
  return element == Element::kS32 ? 4 : element == Element::kS16 ? 2 : 1;
}

// Takes blocks of rows [rows][kColumns] of accumulators, applies the rule, and writes the columns below n_end that
// start at column n. Transposed output is collected in strips of kStripRows rows first.
// kInLane: kColumns is kQuad and the accumulators have the order of codes8's kInLane.
template <std::int64_t kColumns, std::int64_t kMaxBlockRows, bool kInLane = false>
class StripWriter {
 public:
  StripWriter(const RuleArgs& rule, const OutputArgs& out, std::int64_t n, std::int64_t n_end)
      : rule_(rule),
        out_(out),
        in_order_(!kInLane || out.element != Element::kS8 || rule.form == RuleForm::kExact),
        codes_of_(in_order_ ? choose_codes<false>(rule, out.element) : choose_codes<kInLane>(rule, out.element)),
        n_(n),
        columns_(n_end - n < kColumns ? n_end - n : kColumns),
        size_(size_of(out.element)),
        by_rows_(out.column_stride == 1) {
    const bool spaced = by_rows_ && out.row_offsets == nullptr && columns_ == kColumns;
    if (codes_of_ == nullptr) return;
    if (!by_rows_) {
      quad_bytes_ = kQuad * size_;
    } else if (spaced && kColumns == kQuad) {
      quad_bytes_ = out.row_stride * size_;
    } else if (spaced && out.row_stride == kColumns) {
      quad_bytes_ = kQuad * size_;
    }
  }

  [[nodiscard]] std::int32_t* acc() { return acc_; }
  [[nodiscard]] bool by_rows() const { return by_rows_; }  // then a strip can have any number of rows

  void begin(std::int64_t m) {
    m_ = m;
    rows_ = 0;
  }

  // Where quads of s8 codes can be written without passing through acc(), and from quad to quad; null: nowhere.
  [[nodiscard]] WITIN_INLINE char* quads() {
    return quad_bytes_ == 0 || out_.element != Element::kS8 ? nullptr : place();
  }
  [[nodiscard]] std::int64_t quad_bytes() const { return quad_bytes_; }
  // Where whole rows of raw accumulators lie one row_stride after the other; null: nowhere.
  [[nodiscard]] WITIN_INLINE std::int32_t* raw() {
    const bool rows = codes_of_ == nullptr && by_rows_ && out_.row_offsets == nullptr && columns_ == kColumns;
    return rows && size_ == 4 ? reinterpret_cast<std::int32_t*>(place()) : nullptr;
  }
  // The next `rows` rows have been written there.
  void written(std::int64_t rows) { rows_ += rows; }

  // The next `rows` rows of the strip are in acc().
  WITIN_INLINE void finish(std::int64_t rows) {
    if (kInLane && in_order_) restore_order(rows);
    const std::int64_t quads_end = (rows * kColumns + kQuad - 1) / kQuad * kQuad;
    char* const to = place();
    if (quad_bytes_ != 0 && (!by_rows_ || quads_end == rows * kColumns)) {
      codes_of_(rule_, acc_, quads_end, to, quad_bytes_);
    } else {
      copy_rows(rows, quads_end, to);
    }
    rows_ += rows;
  }

  void end() {
    if (by_rows_ || rows_ == 0) return;
    for (std::int64_t r = 0; r < rows_;) {
      std::int64_t run = rows_ - r;
      if (out_.row_offsets != nullptr || out_.row_stride != 1) {
        for (run = 1; r + run < rows_ && out_row(m_ + r + run) == out_row(m_ + r) + run;) ++run;
      }
      if (size_ == 1 && run >= kShortRun) {
        ByteBlocks<kColumns / 16>::run_all(strip_ + r * kColumns, kColumns, run, columns_,
                                           out_row(m_ + r) + n_ * out_.column_stride, out_.column_stride, 0);
        r += run;
      } else {
        scatter(r++);
      }
    }
  }

 private:
  WITIN_INLINE char* place() { return by_rows_ ? out_row(m_ + rows_) + n_ * size_ : strip_ + rows_ * kColumns * size_; }

  static constexpr std::int64_t kShortRun = 4;  // rows below which moving single elements is faster

  WITIN_NOINLINE void restore_order(std::int64_t rows) {
    for (std::int64_t r = 0; r < rows; ++r) {
      std::int32_t from[extent(kColumns)];
      std::int32_t* const to = acc_ + r * kColumns;
      copy_bytes(from, to, kColumns * 4);
      for (std::int64_t n = 0; n < kColumns; ++n) to[n] = from[(n % 16 / 4 * kBlockLanes + n / 16) * 4 + n % 4];
    }
  }

  // By way of a block of codes, for partial blocks, scattered rows and raw accumulators.
  WITIN_NOINLINE void copy_rows(std::int64_t rows, std::int64_t quads_end, char* to) {
    const char* finished = reinterpret_cast<const char*>(acc_);
    if (codes_of_ != nullptr) {
      codes_of_(rule_, acc_, quads_end, codes_, kQuad * size_);
      finished = codes_;
    }
    const std::int64_t row_bytes = kColumns * size_;
    for (std::int64_t r = 0; r < rows; ++r) {
      char* const row = by_rows_ ? out_row(m_ + rows_ + r) + n_ * size_ : to + r * row_bytes;
      if (size_ == 1 && columns_ == kColumns) {
        copy_bytes(row, finished + r * kColumns, kColumns);
      } else if (size_ == 4 && columns_ == kColumns) {
        WITIN_UNROLL
        for (std::int64_t i = 0; i < 4 * kColumns; i += 4 * Simd::kLanes) {
          Simd::store(row + i, Simd::load(finished + r * row_bytes + i));
        }
      } else {
        copy_bytes(row, finished + r * row_bytes, columns_ * size_);
      }
    }
  }

  void scatter(std::int64_t r) {
    char* const to = out_row(m_ + r) + n_ * out_.column_stride * size_;
    const char* const from = strip_ + r * kColumns * size_;
    const std::int64_t step = out_.column_stride * size_;
    if (size_ == 1) {
      for (std::int64_t c = 0; c < columns_; ++c) to[c * step] = from[c];
    } else if (size_ == 2) {
      for (std::int64_t c = 0; c < columns_; ++c) copy_bytes(to + c * step, from + c * 2, 2);
    } else {
      for (std::int64_t c = 0; c < columns_; ++c) copy_bytes(to + c * step, from + c * 4, 4);
    }
  }

  [[nodiscard]] char* out_row(std::int64_t m) const {
    const std::int64_t row = out_.row_offsets != nullptr ? out_.row_offsets[m] : m * out_.row_stride;
    return static_cast<char*>(out_.data) + row * size_;
  }

  const RuleArgs& rule_;
  const OutputArgs& out_;
  bool in_order_;  // the columns of acc_, when the rule is applied
  Codes codes_of_;
  std::int64_t n_, columns_, size_;
  bool by_rows_;
  std::int64_t quad_bytes_ = 0;  // from quad to quad, where codes can be written to their place at once
  std::int64_t m_ = 0;
  std::int64_t rows_ = 0;
  alignas(64) std::int32_t acc_[extent(kMaxBlockRows * kColumns + kQuad)];
  alignas(64) char codes_[extent((kMaxBlockRows * kColumns + kQuad) * 2)];
  alignas(64) char strip_[extent((kLastStripRows * kColumns + kQuad) * 4)];
};

}  // namespace
