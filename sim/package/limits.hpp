// Every limit on what a file or a command line may ask for, and on what a report may grow to, with its reason. Limits
// that a format fixes are marked "contract"; the others keep memory and time small for hostile files and are far above
// any real network. Ranges of numbers that cost nothing (g, widths, sigmas) stand where they are read.
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

// ---- attributes and codes of operators
// Strides, pads, dilations, groups and time offsets: with extents below 2^26, places stay far below 2^63.
inline constexpr std::int64_t kGeometry = std::int64_t{1} << 20;
inline constexpr std::int64_t kPooling = 65'536;                    // kernel, strides and pads of a pool: as above
inline constexpr std::int64_t kTableCodes = std::int64_t{1} << 18;  // of an operator that is a table: 1 MiB
inline constexpr std::size_t kMeanValues = 4'096;                   // contract: the training library's mean

// ---- text files and lists of draws
inline constexpr std::size_t kTextFileBytes = std::size_t{64} << 20;  // read whole: places, indices and logs of a run
inline constexpr std::int64_t kDraws = std::int64_t{1} << 27;         // of one node: 1 GiB as double

// ---- runs, comparisons and sweeps
inline constexpr std::int64_t kBlockFrames = 256;   // frames in flight, of each thread: more gain nothing
inline constexpr int kThreads = 4'096;              // more than any machine's processors
inline constexpr std::size_t kExamples = 10'000;    // of values that differ, of one array: each is about 100 bytes
inline constexpr std::int64_t kTrials = 1'000'000;  // of a sweep, for each of its settings
inline constexpr std::size_t kSettings = 100'000;   // of a sweep

// ---- reports: they grow with the number of nodes only, and pages stay readable
inline constexpr std::size_t kMapRows = 64;           // of a map of differences, and as many in its picture
inline constexpr std::size_t kMapColumns = 128;       // likewise
inline constexpr std::size_t kChannelGroups = 2'048;  // more channels than any layer on the array has
inline constexpr std::size_t kTableRows = 1'000;      // of a page's table; then a line says how many are left out
inline constexpr std::size_t kBars = 64;              // of a histogram; further ones are one last bar "and N more"
inline constexpr std::size_t kCurves = 12;            // of a chart; further ones are counted below the picture
inline constexpr std::size_t kCurvePoints = 1'000;    // of more, evenly spread ones are drawn
inline constexpr std::size_t kGraphBoxes = 600;       // of a network, values on their way counted; then tiles
inline constexpr std::size_t kLinkedTiles = 300;      // tiles with a name and a link: 100 KB
inline constexpr std::size_t kDescribedNodes = 24;    // of a page, with pictures
inline constexpr std::size_t kShownExamples = 20;     // of an array, on a page

// ---- explanations: seconds for each node
inline constexpr std::size_t kExplainedNodes = 8;
inline constexpr std::int64_t kExplainedCodes = std::int64_t{1} << 20;  // of a node's inputs and output
inline constexpr std::int64_t kKeptCodes = std::int64_t{1} << 16;       // of one outcome that is kept for pairs
inline constexpr std::size_t kFindings = 8;                             // of a node
inline constexpr std::size_t kSameFindings = 4;                         // sentences that mean the same as a finding

// ---- reading and writing
inline constexpr std::size_t kImageProbeBytes = std::size_t{16} << 20;  // larger packages: checked before read whole
inline constexpr std::size_t kBlockBytes = std::size_t{256} << 10;      // unit of streaming reads: fits a level-2 cache

}  // namespace witin::package::limits
