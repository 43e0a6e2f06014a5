// Every limit on what a file may ask for, with its reason. Limits that a format fixes are marked "contract"; the others
// keep memory and time small for hostile files and are far above any real network.
#pragma once

#include <cstddef>
#include <cstdint>

namespace witin::package::limits {

// ---- manifest.json, trace.json and every other JSON file
inline constexpr std::size_t kJsonBytes = std::size_t{16} << 20;  // contract
inline constexpr int kJsonDepth = 32;                             // contract; the root has depth 1
inline constexpr std::size_t kJsonValues = 500'000;  // 40 bytes each once parsed: bounds a parsed file to about 30 MB

// ---- network
inline constexpr std::size_t kNodes = 10'000;      // published networks have up to a few thousand
inline constexpr std::size_t kInputs = 1'000;      // of the network, and of one node
inline constexpr std::size_t kOutputs = 10'000;    // at most every node
inline constexpr std::size_t kTensors = 65'536;    // seven for each of the largest number of nodes, nearly
inline constexpr std::size_t kNameBytes = 200;     // contract: ids, names of inputs and nodes
inline constexpr std::size_t kTextBytes = 65'536;  // description, producer: shown to people
inline constexpr std::size_t kAttributes = 256;    // of one node: every operator has fewer than 32
inline constexpr std::size_t kListLength = 4'096;  // of one attribute: time offsets are the longest lists
inline constexpr int kInputBits = 16;              // contract

// ---- arrays
inline constexpr std::size_t kRank = 8;  // contract, without the frame axis
// One frame of an input or of a node, padding included: four thousand times the largest published one, and 256 MiB as
// int32, the widest storage.
inline constexpr std::int64_t kFrameElements = std::int64_t{1} << 26;
inline constexpr std::size_t kNpyHeaderBytes = std::size_t{64} << 10;  // contract: the header's own length field

// ---- zip
inline constexpr std::size_t kMembers = 131'072;                       // a full trace of the largest network
inline constexpr std::size_t kDirectoryBytes = std::size_t{32} << 20;  // 256 bytes for each of these members
inline constexpr std::size_t kMemberNameBytes = 512;                   // node name, field name, ".npy"
inline constexpr std::size_t kCommentBytes = 65'535;                   // contract: a 16-bit field

// ---- text files and lists of draws
inline constexpr std::size_t kTextFileBytes = std::size_t{64} << 20;  // read whole: places, indices and logs of a run
inline constexpr std::int64_t kDraws = std::int64_t{1} << 27;         // of one node: 1 GiB as double

// ---- reading and writing
inline constexpr std::size_t kImageProbeBytes = std::size_t{16} << 20;  // larger packages: checked before read whole
inline constexpr std::size_t kBlockBytes = std::size_t{256} << 10;      // unit of streaming reads: fits a level-2 cache

}  // namespace witin::package::limits
