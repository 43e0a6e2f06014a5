#include "cli/ui/progress_bar.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace witin::cli {
namespace {

int terminal_columns() {
  struct winsize size {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string duration(double seconds) {
  const auto whole = std::llround(std::min(seconds, 3.6e6));
  const std::int64_t hours = whole / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

std::string progress_line(std::int64_t done, std::int64_t total, double seconds, int columns, std::string_view things) {
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0.0;
  std::string text = fmt::format("{:3} %  {:>{}} of {} {}", static_cast<int>(share * 100.0), done,
                                 fmt::formatted_size("{}", total), total, things);
  if (done > 0) text += ", " + duration(seconds / share - seconds) + " left";
  const int room = std::min(40, columns - static_cast<int>(text.size()) - 5);
  if (room >= 8) {
    const auto filled = static_cast<std::size_t>(share * room);
    text = "[" + std::string(filled, '#') + std::string(static_cast<std::size_t>(room) - filled, '-') + "] " + text;
  }
  return text.substr(0, static_cast<std::size_t>(std::max(0, columns - 1)));
}

ProgressBar::~ProgressBar() {
  if (drawn_ >= 0) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::update(std::int64_t done, std::int64_t total) {
  if (!visible_) return;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  const Clock::time_point now = Clock::now();
  if (now < next_ || done <= drawn_) return;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const std::string line = "\r" + progress_line(done, total, seconds, terminal_columns(), things_) + "\x1b[K";
  std::fputs(line.c_str(), stderr);
  next_ = now + std::chrono::milliseconds(100);
  drawn_ = done;
}

}  // namespace witin::cli
