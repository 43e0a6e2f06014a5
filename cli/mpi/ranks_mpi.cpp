// The only file that knows MPI. Only the thread that calls it speaks (MPI_THREAD_FUNNELED).
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "cli/mpi/ranks.hpp"

namespace witin::cli {
namespace {

class MpiRanks final : public sweep::Ranks {
 public:
  MpiRanks() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm machine = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &on_this_machine_);
    MPI_Comm_free(&machine);
  }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;
  ~MpiRanks() override { MPI_Finalize(); }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] int on_this_machine() const override { return on_this_machine_; }

  void send(int to, const std::string& text) override {
    MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, to, 0, MPI_COMM_WORLD);
  }

  [[nodiscard]] std::optional<sweep::Message> poll() override {
    if (size_ == 1) return std::nullopt;
    int arrived = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &arrived, &status);
    if (arrived == 0) return std::nullopt;
    int length = 0;
    MPI_Get_count(&status, MPI_CHAR, &length);
    sweep::Message message{.from = status.MPI_SOURCE, .text = std::string(static_cast<std::size_t>(length), '\0')};
    MPI_Recv(message.text.data(), length, MPI_CHAR, message.from, 0, MPI_COMM_WORLD, &status);
    return message;
  }

 private:
  int rank_ = 0;
  int size_ = 1;
  int on_this_machine_ = 1;
};

// Launchers say so in the environment; MPI itself would start a daemon for a process of its own.
bool launched() {
  static constexpr std::array kNames = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::ranges::any_of(kNames, [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

std::unique_ptr<sweep::Ranks> join_ranks() {
  if (!launched()) return std::make_unique<sweep::LoneRank>();
  return std::make_unique<MpiRanks>();
}

}  // namespace witin::cli
