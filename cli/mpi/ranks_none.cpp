#include "cli/mpi/ranks.hpp"

namespace witin::cli {

Result<std::unique_ptr<sweep::Ranks>> join_ranks() { return {std::make_unique<sweep::LoneRank>()}; }

}  // namespace witin::cli
