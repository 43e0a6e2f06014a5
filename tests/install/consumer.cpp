// usage: consumer MODEL.wpkg    runs one frame of zeros through a network with one input and prints the codes
#include <iostream>

#include "witin/xtensor.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto package = witin::load_package(argv[1]);
  if (!package) return std::cerr << package.error().line() << '\n', 2;
  const auto engine = witin::Engine::create(*std::move(package));
  if (!engine) return std::cerr << engine.error().line() << '\n', 2;
  const witin::Input& input = engine->package().inputs.front();
  std::vector<std::size_t> shape(input.shape.begin(), input.shape.end());
  shape.insert(shape.begin(), 1);
  const auto outputs = witin::run(*engine, {{input.name, xt::xarray<std::int32_t>(shape, 0)}});
  if (!outputs) return std::cerr << outputs.error().line() << '\n', 2;
  for (const auto& [name, codes] : *outputs) {
    std::cout << name;
    for (const std::int32_t code : codes) std::cout << ' ' << code;
    std::cout << '\n';
  }
}
