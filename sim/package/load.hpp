// The steps of load_package, for callers that have the bytes already.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "sim/package/byte_source.hpp"
#include "witin/package.hpp"

namespace witin::package {

// Reads a package that is still a file.
[[nodiscard]] Result<Package> read_package(const ByteSource& file);

// Parses a package from its bytes, which `storage` owns and the tensors point into.
[[nodiscard]] Result<Package> parse_package(std::span<const std::byte> bytes, std::shared_ptr<const void> storage);

}  // namespace witin::package
