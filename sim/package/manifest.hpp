// manifest.json as a Package without the bytes of its tensors: every check that needs neither an operator nor a tensor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "witin/error.hpp"
#include "witin/package.hpp"

namespace witin::package {

inline constexpr std::string_view kManifestMember = "manifest.json";

struct Manifest {
  Package package;                   // tensors have no bytes yet
  std::vector<std::string> digests;  // sha256 of each tensor's npy file, lower-case hex
};

// `where` of an error is "manifest.json" and a JSON pointer. Codes json.* and manifest.*: sim/package/format.md.
[[nodiscard]] Result<Manifest> read_manifest(std::string_view text);

[[nodiscard]] std::string tensor_member(std::string_view id);  // "tensors/ID.npy"

}  // namespace witin::package
