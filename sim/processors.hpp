// How many threads this process should have by default.
#pragma once

namespace witin {

// Processors the calling thread may run on, at least 1: on a cluster those its job was given.
[[nodiscard]] int processors();

}  // namespace witin
