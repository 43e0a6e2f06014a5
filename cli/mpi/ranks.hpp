// The ranks this process was started among: those of mpirun or srun, where the program was built with MPI.
#pragma once

#include <memory>

#include "sim/sweep/ranks.hpp"
#include "witin/error.hpp"

namespace witin::cli {

// Once a process. Without a launcher, or without MPI, this is the only rank. The destructor waits for all ranks.
// Errors: "sweep.mpi".
[[nodiscard]] Result<std::unique_ptr<sweep::Ranks>> join_ranks();

}  // namespace witin::cli
