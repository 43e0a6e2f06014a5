// What a file holds: a package or a trace, as text and as a document (witin.info).
#pragma once

#include <filesystem>
#include <string>

#include "witin/engine.hpp"
#include "witin/trace.hpp"

namespace witin::report {

enum class FileKind : std::uint8_t { kPackage, kTrace };

// Told by what is inside. A folder or an archive without a manifest is taken for a trace. Codes file.*, zip.*,
// info.kind.
[[nodiscard]] Result<FileKind> kind_of(const std::filesystem::path& path);

[[nodiscard]] std::string package_summary(const Engine& engine);
[[nodiscard]] std::string package_document(const Engine& engine);
[[nodiscard]] std::string trace_summary(const TraceInfo& trace);
[[nodiscard]] std::string trace_document(const TraceInfo& trace);

}  // namespace witin::report
