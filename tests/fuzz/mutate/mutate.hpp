// Changes an input such that much of its form survives, so that what lies behind the first checks is reached.
//
// Every function may also break the form: refusals are to be tested too. Text that does not have the form is changed
// blindly.
#pragma once

#include "tests/fuzz/mutate/random.hpp"
#include "tests/fuzz/targets.hpp"

namespace witin::fuzz {

[[nodiscard]] std::string mutate(Form form, std::string_view text, std::size_t most, Random& random);

// Values, keys and places of a document are changed, copied, exchanged and removed; where it is a package's manifest,
// attributes and operators by the registry.
[[nodiscard]] std::string mutate_json(std::string_view text, std::size_t most, Random& random);

// Type, shape and data; the data is made as long as the header says.
[[nodiscard]] std::string mutate_npy(std::string_view text, std::size_t most, Random& random);

// Members, with CRCs repaired, and for a package its digests and shapes; headers of the archive.
[[nodiscard]] std::string mutate_zip(std::string_view text, std::size_t most, Random& random);

// One file by its kind, or the list of files.
[[nodiscard]] std::string mutate_bundle(std::string_view text, std::size_t most, Random& random);

}  // namespace witin::fuzz
