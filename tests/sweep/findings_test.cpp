#include "sim/sweep/findings.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sim/report/sweep_page.hpp"
#include "sim/report/sweep_report.hpp"

using namespace witin;
using namespace witin::sweep;
using doctest::Approx;

namespace {

// Ten frames; "a" and "b" on the array, "b" the output of four values, "c" on the array and never noised.
Sweep small_sweep() {
  Network network{.name = "net,\"1\"", .sha256 = "00", .frames = 10, .labelled = true, .classifies = true};
  network.watched = {{"a", 0, true, false, 100}, {"c", 2, true, false, 50}, {"b", 3, true, true, 40}};
  network.layers = {0, 2};
  network.noiseless = {9, 10, std::vector<NodeError>(3)};
  Sweep sweep{.networks = {network}, .trials = 3, .layer_trials = 2, .seed = 5};
  sweep.settings = *parse_settings(std::vector<std::string>{"normal:0,4"});
  return sweep;
}

// Setting 0 is noiseless. Setting 1: three trials, then two with "a" alone, then two with "b" alone.
std::vector<Measurement> small_measurements(const Sweep& sweep) {
  std::vector<Measurement> all(7, sweep.networks[0].noiseless);
  all.push_back({6, 7, {{10, 40, 4}, {0, 0, 0}, {4, 16, 3}}});
  all.push_back({7, 8, {{20, 60, 2}, {5, 5, 1}, {8, 32, 2}}});
  all.push_back({8, 9, {{30, 200, 9}, {0, 0, 0}, {0, 0, 0}}});
  all.push_back({9, 10, {{10, 10, 1}, {0, 0, 0}, {1, 1, 1}}});
  all.push_back({9, 10, {{10, 30, 3}, {0, 0, 0}, {1, 1, 1}}});
  all.push_back({9, 9, {{0, 0, 0}, {0, 0, 0}, {2, 8, 2}}});
  all.push_back({8, 9, {{0, 0, 0}, {0, 0, 0}, {2, 2, 1}}});
  return all;
}

}  // namespace

TEST_CASE("findings of a small sweep, worked out by hand") {
  const Sweep sweep = small_sweep();
  const auto measurements = small_measurements(sweep);
  const auto findings = find(sweep, measurements);
  REQUIRE(findings.size() == 2);

  const Finding& none = findings[0];
  CHECK(none.score.mean == 0.9);
  CHECK(*none.score.deviation == 0);
  CHECK(none.loss == 0);
  CHECK(none.agreement->mean == 1);
  CHECK(none.output.rms == 0);
  CHECK(!none.worst.has_value());

  const Finding& four = findings[1];
  CHECK(four.score.mean == Approx(0.7).epsilon(1e-15));
  CHECK(*four.score.deviation == Approx(0.1).epsilon(1e-14));
  CHECK(four.score.confidence->low == Approx(0.7 - 4.302653 * 0.1 / std::sqrt(3.0)).epsilon(1e-6));
  CHECK(four.score.confidence->high == Approx(0.7 + 4.302653 * 0.1 / std::sqrt(3.0)).epsilon(1e-6));
  CHECK(four.loss == Approx(0.2).epsilon(1e-14));
  CHECK(four.score.min == 0.6);
  CHECK(four.score.max == 0.8);
  CHECK(four.agreement->mean == Approx(0.8).epsilon(1e-15));
  CHECK(four.agreement->confidence->high == 1);  // a share, cut at 1
  CHECK(four.equal_values.mean == Approx((0.9 + 0.8 + 1.0) / 3).epsilon(1e-15));
  CHECK(four.output.rms == std::sqrt(48.0 / 120.0));
  CHECK(four.output.largest == 3);
  CHECK(four.output.different == 12.0 / 120.0);

  REQUIRE(four.layers.size() == 3);
  CHECK(four.layers[0].error.rms == 1);
  CHECK(four.layers[0].error.largest == 9);
  CHECK(four.layers[0].alone->loss == 0);
  CHECK(four.layers[0].alone->error.rms == std::sqrt(40.0 / 200.0));
  CHECK(four.layers[0].alone->output.rms == std::sqrt(2.0 / 80.0));
  CHECK(!four.layers[1].noised);
  CHECK(!four.layers[1].alone.has_value());
  CHECK(four.layers[1].error.different == 5.0 / 150.0);
  CHECK(four.layers[2].alone->score.mean == Approx(0.85).epsilon(1e-15));
  CHECK(four.layers[2].alone->output.largest == 2);
  CHECK(*four.worst == 2);
}

TEST_CASE("of layers that cost the same, the one that moves the output most is worst") {
  const Sweep sweep = small_sweep();
  auto measurements = small_measurements(sweep);
  for (std::size_t i = 10; i < 14; ++i) measurements[i].correct = 9;
  CHECK(*find(sweep, measurements)[1].worst == 2);
  measurements[10].nodes[2].squares = 100;
  CHECK(*find(sweep, measurements)[1].worst == 0);
}

TEST_CASE("a network is judged by labels, else by its answer, else by equal values") {
  Network network = small_sweep().networks[0];
  const Measurement found{6, 7, {{10, 40, 4}, {0, 0, 0}, {4, 16, 3}}};
  CHECK(score(network, found) == 0.6);
  network.labelled = false;
  CHECK(score(network, found) == 0.7);
  network.classifies = false;
  CHECK(score(network, found) == 0.9);
}

TEST_CASE("the digest is that of everything that decides the result") {
  const Sweep sweep = small_sweep();
  const std::string digest = sweep.digest("files");
  CHECK(digest.size() == 64);
  CHECK(sweep.digest("files") == digest);
  CHECK(sweep.digest("other") != digest);
  const auto changed = [&](auto change) {
    Sweep other = small_sweep();
    change(other);
    return other.digest("files") != digest;
  };
  CHECK(changed([](Sweep& s) { s.seed = 6; }));
  CHECK(changed([](Sweep& s) { s.trials = 4; }));
  CHECK(changed([](Sweep& s) { s.layer_trials = 1; }));
  CHECK(changed([](Sweep& s) { s.noise_nodes = "a"; }));
  CHECK(changed([](Sweep& s) { s.networks[0].sha256 = "01"; }));
  CHECK(changed([](Sweep& s) { s.networks[0].arithmetic = Arithmetic::kWitinNn; }));
  CHECK(changed([](Sweep& s) { s.settings.pop_back(); }));
}

TEST_CASE("CSV quotes names, and leaves what is not known empty") {
  Sweep sweep = small_sweep();
  const auto measurements = small_measurements(sweep);
  const std::string text = report::sweep_csv(sweep, find(sweep, measurements));
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.push_back(text.substr(at, end - at));
  }
  REQUIRE(lines.size() == 7);
  CHECK(lines[5].starts_with("\"net,\"\"1\"\"\",normal,4,a,2,accuracy,0.9,0,0.9,0.9,0.9,0.9,0,"));
  sweep.trials = 1;
  sweep.layer_trials = 0;
  const std::vector<Measurement> two{measurements[0], measurements[7]};
  CHECK(report::sweep_csv(sweep, find(sweep, two)).find(",normal,4,*,1,accuracy,0.6,,,,0.6,0.6,") != std::string::npos);
}

TEST_CASE("pages and pictures hold no markup of names") {
  Sweep sweep = small_sweep();
  sweep.networks[0].name = "<script>";
  sweep.networks[0].watched[0].name = "<b>";
  const auto measurements = small_measurements(sweep);
  const auto findings = find(sweep, measurements);
  for (const std::string& text : {report::sweep_page(sweep, findings), report::sweep_picture(sweep, findings)}) {
    CHECK(text.find("<script>") == std::string::npos);
    CHECK(text.find("<b>") == std::string::npos);
  }
  const std::string picture = report::sweep_picture(sweep, findings);
  CHECK(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="));
  CHECK(picture.find("<polyline") != std::string::npos);
}
