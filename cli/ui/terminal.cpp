#include "cli/ui/terminal.hpp"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace witin::cli {
namespace {

bool may_color(ColorMode mode, int stream) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return ::isatty(stream) == 1 && (term == nullptr || std::strcmp(term, "dumb") != 0);
}

spdlog::level::level_enum level(const TerminalOptions& options) {
  if (options.quiet) return spdlog::level::err;
  return options.verbosity > 0 ? spdlog::level::info : spdlog::level::warn;
}

std::string_view escape(Color color) {
  switch (color) {
    case Color::kRed:
      return "\x1b[31m";
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kBold:
      break;
  }
  return "\x1b[1m";
}

}  // namespace

Terminal::Terminal(const TerminalOptions& options)
    : color_(may_color(options.color, STDOUT_FILENO)), progress_(!options.quiet && ::isatty(STDERR_FILENO) == 1) {
  const bool color_log = may_color(options.color, STDERR_FILENO);
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(color_log ? spdlog::color_mode::always
                                                                                  : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("witin-sim", std::move(sink));
  logger->set_pattern("%^witin-sim:%$ %v");
  logger->set_level(level(options));
  spdlog::set_default_logger(std::move(logger));
}

void Terminal::print(std::string_view text) {
  if (write_error_ != 0) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) write_error_ = errno;
}

std::string Terminal::paint(Color color, std::string_view text) const {
  if (!color_) return std::string(text);
  return std::string(escape(color)) + std::string(text) + "\x1b[0m";
}

Status Terminal::finish() {
  if (std::fflush(stdout) != 0 && write_error_ == 0) write_error_ = errno;
  if (write_error_ == 0 || write_error_ == EPIPE) return {};
  return Error{"output.stdout", "the result cannot be printed", "stdout", "", std::strerror(write_error_), ""};
}

void log_error(const Error& error) { spdlog::error("{}", error.line()); }
void log_warning(const std::string& text) { spdlog::warn("warning: {}", text); }
void log_info(const std::string& text) { spdlog::info("{}", text); }

}  // namespace witin::cli
