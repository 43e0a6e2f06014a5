// What the MPI module offers the program: plain C, so that neither needs the other's C++ library.
//
// MPI is a module of its own, loaded by a process that a launcher started: every other run starts without it, which
// takes longer to load than a small network to run.
#pragma once

struct WitinMpiCalls {
  int rank, size, on_this_machine;
  void (*send)(int to, const char* text, int length);
  int (*poll)(int* from);                             // length of the next message, -1: none has arrived
  void (*receive)(int from, char* text, int length);  // after poll
  void (*leave)();                                    // waits for all ranks
};

inline constexpr const char* kWitinMpiJoin = "witin_mpi_join";  // the module's one symbol: WitinMpiCalls()
