// Ranks of a program built with MPI: through its module, where a launcher started this process.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "cli/mpi/mpi_calls.hpp"
#include "cli/mpi/ranks.hpp"

namespace witin::cli {
namespace {

class MpiRanks final : public sweep::Ranks {
 public:
  explicit MpiRanks(const WitinMpiCalls& calls) : calls_(calls) {}
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;
  ~MpiRanks() override { calls_.leave(); }

  [[nodiscard]] int rank() const override { return calls_.rank; }
  [[nodiscard]] int size() const override { return calls_.size; }
  [[nodiscard]] int on_this_machine() const override { return calls_.on_this_machine; }

  void send(int to, const std::string& text) override { calls_.send(to, text.data(), static_cast<int>(text.size())); }

  [[nodiscard]] std::optional<sweep::Message> poll() override {
    if (calls_.size == 1) return std::nullopt;
    int from = 0;
    const int length = calls_.poll(&from);
    if (length < 0) return std::nullopt;
    sweep::Message message{.from = from, .text = std::string(static_cast<std::size_t>(length), '\0')};
    calls_.receive(from, message.text.data(), length);
    return message;
  }

 private:
  WitinMpiCalls calls_;
};

// Launchers say so in the environment; MPI itself would start a daemon for a process of its own.
bool launched() {
  static constexpr std::array kNames = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::ranges::any_of(kNames, [](const char* name) { return std::getenv(name) != nullptr; });
}

// Beside the program, or where it is installed.
Result<WitinMpiCalls> join() {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  std::string reason;
  for (const char* place : {WITIN_MPI_MODULE, WITIN_MPI_INSTALLED}) {
    const std::filesystem::path path = program / place;
    // MPI's own plugins look for its symbols among the global ones.
    void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (module == nullptr) {
      if (std::filesystem::exists(path, failed) || reason.empty()) reason = dlerror();
      continue;
    }
    void* const symbol = dlsym(module, kWitinMpiJoin);
    if (symbol == nullptr) return Error{"sweep.mpi", "the MPI module is not this program's", path.string(), "", "", ""};
    return reinterpret_cast<WitinMpiCalls (*)()>(symbol)();
  }
  return Error{"sweep.mpi", "started among several ranks, but MPI cannot be loaded",   "", "its module and libmpi",
               reason,      "install the program again, or build it without WITIN_MPI"};
}

}  // namespace

Result<std::unique_ptr<sweep::Ranks>> join_ranks() {
  if (!launched()) return {std::make_unique<sweep::LoneRank>()};
  const Result<WitinMpiCalls> calls = join();
  if (!calls) return calls.error();
  return {std::make_unique<MpiRanks>(*calls)};
}

}  // namespace witin::cli
