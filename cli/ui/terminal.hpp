// The two streams of the program: results on stdout, progress and log on stderr; who may be shown colour and progress.
#pragma once

#include <string>
#include <string_view>

#include "witin/error.hpp"

namespace witin::cli {

enum class Color { kRed, kGreen, kYellow, kBold };
enum class ColorMode { kAuto, kAlways, kNever };  // kAuto: on a terminal, unless NO_COLOR is set and not empty

struct TerminalOptions {
  ColorMode color = ColorMode::kAuto;
  int verbosity = 0;   // 1: what is done and how long it took
  bool quiet = false;  // no progress, no warnings; errors are still shown
};

class Terminal {
 public:
  explicit Terminal(const TerminalOptions& options);

  // Result text for stdout, in `color` where stdout shows colours. Failures are remembered for finish().
  void print(std::string_view text);
  [[nodiscard]] std::string paint(Color color, std::string_view text) const;
  // Everything printed has arrived, or output.stdout. A reader that has gone (head, less) is not an error.
  [[nodiscard]] Status finish();

  [[nodiscard]] bool shows_progress() const { return progress_; }

 private:
  bool color_;
  bool progress_;
  int write_error_ = 0;  // errno of the first write that failed
};

// "witin-sim: TEXT" on stderr.
void log_error(const Error& error);
void log_warning(const std::string& text);
void log_info(const std::string& text);  // with -v

}  // namespace witin::cli
