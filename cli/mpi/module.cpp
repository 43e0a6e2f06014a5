// The only file that knows MPI. Only the thread that calls it speaks (MPI_THREAD_FUNNELED).
#include <mpi.h>

#include "cli/mpi/mpi_calls.hpp"

namespace {

void send(int to, const char* text, int length) { MPI_Send(text, length, MPI_CHAR, to, 0, MPI_COMM_WORLD); }

int poll(int* from) {
  int arrived = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &arrived, &status);
  if (arrived == 0) return -1;
  int length = 0;
  MPI_Get_count(&status, MPI_CHAR, &length);
  *from = status.MPI_SOURCE;
  return length;
}

void receive(int from, char* text, int length) {
  MPI_Recv(text, length, MPI_CHAR, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void leave() { MPI_Finalize(); }

}  // namespace

extern "C" __attribute__((visibility("default"))) WitinMpiCalls witin_mpi_join() {
  WitinMpiCalls calls{1, 1, 1, send, poll, receive, leave};
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &calls.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &calls.size);
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, calls.rank, MPI_INFO_NULL, &machine);
  MPI_Comm_size(machine, &calls.on_this_machine);
  MPI_Comm_free(&machine);
  return calls;
}
