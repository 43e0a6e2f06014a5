#include "cli/ui/progress_bar.hpp"

#include <doctest/doctest.h>

using witin::cli::progress_line;

TEST_CASE("the progress line says how far and how long, and fits") {
  CHECK(progress_line(0, 1000, 1.0, 60) == "[-----------------------------]   0 %     0 of 1000 frames");
  CHECK(progress_line(250, 1000, 3.0, 60) == "[####--------------]  25 %   250 of 1000 frames, 0:09 left");
  CHECK(progress_line(500, 1000, 4000.0, 60) == "[#######--------]  50 %   500 of 1000 frames, 1:06:40 left");
  CHECK(progress_line(1000, 1000, 60.0, 60) == "[##################] 100 %  1000 of 1000 frames, 0:00 left");
  CHECK(progress_line(999, 1000, 60.0, 60).starts_with("[#################-]  99 %"));
  for (int columns = 0; columns < 200; ++columns) {
    const std::string line = progress_line(123, 456, 7.0, columns);
    CHECK(line.size() <= static_cast<std::size_t>(columns));
    if (columns > 40) CHECK(line.ends_with(" 26 %  123 of 456 frames, 0:19 left"));
  }
}
