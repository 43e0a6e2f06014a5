#include "sim/report/sweep_page.hpp"

#include <algorithm>

#include "sim/report/html/histogram.hpp"
#include "sim/report/html/line_chart.hpp"
#include "sim/report/html/page.hpp"
#include "sim/report/html/picture.hpp"
#include "sim/report/sweep_report.hpp"
#include "sim/report/table.hpp"
#include "witin/version.hpp"

namespace witin::report {
namespace {

using sweep::LayerFinding;
using sweep::Metric;
using sweep::Network;
using sweep::Sweep;

std::string title_of(Metric metric) {
  return metric == Metric::kAccuracy    ? "accuracy"
         : metric == Metric::kAgreement ? "agreement with the noiseless run"
                                        : "outputs equal to the noiseless run";
}

std::string series_name(const Sweep& sweep, const sweep::Finding& finding) {
  const std::string& noise = sweep.settings[finding.setting].name;
  const bool one_noise = std::ranges::all_of(sweep.settings, [&](const auto& other) { return other.name == noise; });
  if (sweep.networks.size() == 1) return noise;
  const std::string& network = sweep.networks[finding.network].name;
  return one_noise ? network : network + ", " + noise;
}

// The spread of trials: one standard deviation to both sides.
html::LineChart::Point point(double level, const sweep::Summary& score) {
  const double spread = score.deviation.value_or(0.0);
  return {level, score.mean * 100, std::max(0.0, score.mean - spread) * 100, std::min(1.0, score.mean + spread) * 100};
}

bool has_curve(const Sweep& sweep, std::span<const sweep::Finding> findings, Metric metric) {
  return std::ranges::any_of(findings, [&](const sweep::Finding& finding) {
    return sweep.settings[finding.setting].level && sweep.networks[finding.network].metric() == metric;
  });
}

html::LineChart curve(const Sweep& sweep, std::span<const sweep::Finding> findings, Metric metric) {
  html::LineChart chart{.title = "score over noise level",
                        .description = title_of(metric) + ", mean over trials, over the level of the noise",
                        .x_title = "noise level",
                        .y_title = title_of(metric) + ", %",
                        .y_high = 100};
  for (const sweep::Finding& finding : findings) {
    const auto& level = sweep.settings[finding.setting].level;
    if (!level || sweep.networks[finding.network].metric() != metric) continue;
    const std::string name = series_name(sweep, finding);
    auto series = std::ranges::find(chart.series, name, &html::LineChart::Series::name);
    if (series == chart.series.end()) series = chart.series.insert(series, {.name = name, .points = {}});
    series->points.push_back(point(*level, finding.score));
  }
  return chart;
}

// The findings of one network and one noise model, in the order of levels.
std::vector<std::vector<const sweep::Finding*>> families(const Sweep& sweep, std::span<const sweep::Finding> findings) {
  std::vector<std::vector<const sweep::Finding*>> all;
  for (const sweep::Finding& finding : findings) {
    const auto same = [&](const std::vector<const sweep::Finding*>& family) {
      return family.front()->network == finding.network &&
             sweep.settings[family.front()->setting].name == sweep.settings[finding.setting].name;
    };
    auto family = std::ranges::find_if(all, same);
    if (family == all.end()) family = all.insert(family, std::vector<const sweep::Finding*>());
    family->push_back(&finding);
  }
  return all;
}

html::LineChart alone_curves(const Sweep& sweep, const std::vector<const sweep::Finding*>& family) {
  const Network& network = sweep.networks[family.front()->network];
  html::LineChart chart{.title = "one layer noised at a time",
                        .description = title_of(network.metric()) + " where one layer alone is noised, for each layer",
                        .x_title = "noise level",
                        .y_title = title_of(network.metric()) + ", %",
                        .y_high = 100};
  for (std::size_t i = 0; i < family.front()->layers.size(); ++i) {
    html::LineChart::Series series{.name = network.watched[family.front()->layers[i].watched].name, .points = {}};
    for (const sweep::Finding* finding : family) {
      const auto& level = sweep.settings[finding->setting].level;
      const LayerFinding& layer = finding->layers[i];
      if (level && layer.alone) series.points.push_back(point(*level, layer.alone->score));
    }
    if (series.points.size() > 1) chart.series.push_back(std::move(series));
  }
  return chart;
}

// How many trials had which score, in at most 20 bins between the lowest and the highest.
html::Histogram score_histogram(const Sweep& sweep, const sweep::Finding& finding) {
  constexpr std::int64_t kBins = 20;
  const Network& network = sweep.networks[finding.network];
  const double low = finding.score.min;
  const double width = (finding.score.max - low) / kBins;
  html::Histogram histogram{
      .title = "trials by score",
      .description = "how many trials at " + sweep.settings[finding.setting].text() + " had which score",
      .x_title = title_of(network.metric()) + ", %"};
  if (width <= 0) {
    histogram.bins.push_back({html::fixed(low * 100, 2), std::ssize(finding.trials)});
    return histogram;
  }
  for (std::int64_t bin = 0; bin < kBins; ++bin) {
    histogram.bins.push_back({html::fixed((low + (static_cast<double>(bin) + 0.5) * width) * 100, 1), 0});
  }
  for (const sweep::Measurement& trial : finding.trials) {
    const auto bin = static_cast<std::int64_t>((score(network, trial) - low) / width);
    ++histogram.bins[static_cast<std::size_t>(std::clamp<std::int64_t>(bin, 0, kBins - 1))].count;
  }
  return histogram;
}

html::Table level_table(const Sweep& sweep, const std::vector<const sweep::Finding*>& family) {
  html::Table table{.columns = {{"noise"},
                                {"mean", true},
                                {"deviation", true},
                                {"95 % confidence", true},
                                {"min", true},
                                {"max", true},
                                {"output error rms, LSB", true},
                                {"largest", true},
                                {"worst layer"}}};
  for (const sweep::Finding* finding : family) {
    const sweep::Summary& score = finding->score;
    std::string worst = "-";
    if (finding->worst) {
      worst = sweep.networks[finding->network].watched[finding->layers[*finding->worst].watched].name;
    }
    table.rows.push_back(
        {sweep.settings[finding->setting].text(), share_text(score.mean),
         score.deviation ? share_text(*score.deviation) : "-",
         score.confidence ? share_text(score.confidence->low) + " .. " + share_text(score.confidence->high) : "-",
         share_text(score.min), share_text(score.max), html::fixed(finding->output.rms, 2),
         std::to_string(finding->output.largest), worst});
  }
  return table;
}

html::Table layer_table(const Sweep& sweep, const sweep::Finding& finding) {
  html::Table table{.columns = {{"layer"},
                                {"error rms, LSB", true},
                                {"largest", true},
                                {"different values", true},
                                {"alone: loss", true},
                                {"alone: own error rms", true},
                                {"alone: output error rms", true}}};
  const Network& network = sweep.networks[finding.network];
  for (std::size_t i = 0; i < finding.layers.size(); ++i) {
    const LayerFinding& layer = finding.layers[i];
    const html::Tone tone = finding.worst == i ? html::Tone::kBad : html::Tone::kNeutral;
    table.rows.push_back({html::Cell(network.watched[layer.watched].name, tone), html::fixed(layer.error.rms, 2),
                          std::to_string(layer.error.largest), share_text(layer.error.different),
                          layer.alone ? share_text(layer.alone->loss) : "-",
                          layer.alone ? html::fixed(layer.alone->error.rms, 2) : "-",
                          layer.alone ? html::fixed(layer.alone->output.rms, 2) : "-"});
  }
  return table;
}

void describe_family(html::Page& page, const Sweep& sweep, const std::vector<const sweep::Finding*>& family) {
  const sweep::Finding& strongest = *family.back();
  const Network& network = sweep.networks[strongest.network];
  page.heading(network.name + ", " + sweep.settings[strongest.setting].name);
  page.paragraph(counted(network.frames, "frame") + ", arithmetic " + std::string(name(network.arithmetic)) +
                 "; without noise " + share_text(score(network, network.noiseless)) + " " + title_of(network.metric()) +
                 ".");
  page.table(level_table(sweep, family), "All layers noised, " + counted(sweep.trials, "trial") + " each");
  page.begin_row();
  const html::LineChart alone = alone_curves(sweep, family);
  if (!alone.series.empty()) {
    page.figure(line_chart(alone), "One layer noised at a time, " + counted(sweep.layer_trials, "trial") +
                                       " each; the band is one standard deviation of the trials.");
  }
  if (sweep.trials > 1) {
    page.figure(histogram(score_histogram(sweep, strongest)), "Trials at " + sweep.settings[strongest.setting].text());
  }
  page.end_row();
  for (const sweep::Finding* finding : family) {
    const std::string caption = "Layers at " + sweep.settings[finding->setting].text();
    if (finding == &strongest) {
      page.table(layer_table(sweep, *finding), caption);
    } else {
      page.begin_details(caption);
      page.table(layer_table(sweep, *finding));
      page.end_details();
    }
  }
}

}  // namespace

std::string sweep_page(const Sweep& sweep, std::span<const sweep::Finding> findings) {
  html::Page page("Noise sweep", "witin-sim " + std::string(version()));
  page.facts({{"networks", std::to_string(sweep.networks.size())},
              {"noise settings", std::to_string(sweep.settings.size())},
              {"trials", std::to_string(sweep.trials)},
              {"seed", std::to_string(sweep.seed)},
              {"noised layers", sweep.noise_nodes}});
  for (const Metric metric : {Metric::kAccuracy, Metric::kAgreement, Metric::kEqual}) {
    if (!has_curve(sweep, findings, metric)) continue;
    page.figure(line_chart(curve(sweep, findings, metric)),
                "Mean over trials; the band is one standard deviation of the trials.");
  }
  for (const auto& family : families(sweep, findings)) describe_family(page, sweep, family);
  page.heading("What the numbers are");
  page.paragraph(
      "A trial is a chip: noise that lasts is drawn once for it. Errors are differences to the noiseless run in LSB of "
      "the node's codes, over all frames and trials; with all layers noised, those of a layer include what earlier "
      "layers hand on. The confidence interval holds the mean over all chips with a probability of 95 % (Student). The "
      "worst layer is the one that costs most where it is noised alone; of equal ones, that with the largest output "
      "error.");
  return page.text();
}

std::string sweep_picture(const Sweep& sweep, std::span<const sweep::Finding> findings) {
  for (const Metric metric : {Metric::kAccuracy, Metric::kAgreement, Metric::kEqual}) {
    if (has_curve(sweep, findings, metric)) return standalone(line_chart(curve(sweep, findings, metric)));
  }
  return standalone(line_chart(curve(sweep, findings, Metric::kEqual)));
}

}  // namespace witin::report
