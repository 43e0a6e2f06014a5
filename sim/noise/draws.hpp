// Standard normals given from outside, by node name.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace witin::noise {

struct Draws {
  std::map<std::string, std::vector<double>, std::less<>> nodes;
};

}  // namespace witin::noise
