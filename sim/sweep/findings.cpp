#include "sim/sweep/findings.hpp"

#include <algorithm>
#include <cmath>

#include "sim/package/digest.hpp"
#include "witin/version.hpp"

namespace witin::sweep {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

std::int64_t output_values(const Network& network) {
  std::int64_t values = 0;
  for (const Watched& watched : network.watched) values += watched.output ? watched.values : 0;
  return values;
}

// Of the nodes that `chosen` accepts, over all measurements. Sums of integers are exact up to 2^53 in doubles, and in a
// fixed order beyond.
template <typename Chosen>
ErrorSize error_size(const Network& network, std::span<const Measurement> measurements, Chosen chosen) {
  ErrorSize size;
  double squares = 0;
  std::int64_t different = 0;
  std::int64_t values = 0;
  for (const Measurement& measurement : measurements) {
    for (std::size_t i = 0; i < network.watched.size(); ++i) {
      if (!chosen(i)) continue;
      const NodeError& error = measurement.nodes[i];
      squares += static_cast<double>(error.squares);
      different += error.different;
      values += network.watched[i].values;
      size.largest = std::max(size.largest, error.largest);
    }
  }
  if (values > 0) size.rms = std::sqrt(squares / static_cast<double>(values));
  size.different = share(different, values);
  return size;
}

template <typename Value>
Summary summarise_each(std::span<const Measurement> measurements, Value value) {
  std::vector<double> values;
  for (const Measurement& measurement : measurements) values.push_back(value(measurement));
  Summary summary = summarise(values);
  // Shares cannot lie outside 0 .. 1.
  if (summary.confidence) {
    summary.confidence->low = std::max(0.0, summary.confidence->low);
    summary.confidence->high = std::min(1.0, summary.confidence->high);
  }
  return summary;
}

double equal_share(const Network& network, const Measurement& measurement) {
  std::int64_t different = 0;
  for (std::size_t i = 0; i < network.watched.size(); ++i) {
    if (network.watched[i].output) different += measurement.nodes[i].different;
  }
  const std::int64_t values = output_values(network);
  return share(values - different, values);
}

LayerAlone find_alone(const Network& network, std::size_t watched, std::span<const Measurement> measurements) {
  LayerAlone alone;
  alone.score = summarise_each(measurements, [&](const Measurement& m) { return score(network, m); });
  alone.loss = score(network, network.noiseless) - alone.score.mean;
  alone.error = error_size(network, measurements, [&](std::size_t i) { return i == watched; });
  alone.output = output_error(network, measurements);
  return alone;
}

std::optional<std::size_t> find_worst(const std::vector<LayerFinding>& layers) {
  std::optional<std::size_t> worst;
  const auto badness = [&](std::size_t i) { return std::pair(layers[i].alone->loss, layers[i].alone->output.rms); };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i].alone || layers[i].alone->error.different == 0) continue;
    if (!worst || badness(i) > badness(*worst)) worst = i;
  }
  return worst;
}

}  // namespace

std::string_view name(Metric metric) {
  return metric == Metric::kAccuracy ? "accuracy" : metric == Metric::kAgreement ? "agreement" : "equal_values";
}

Metric Network::metric() const {
  return labelled ? Metric::kAccuracy : classifies ? Metric::kAgreement : Metric::kEqual;
}

UnitList Sweep::units() const {
  std::vector<std::size_t> layers;
  for (const Network& network : networks) layers.push_back(network.layers.size());
  return {std::move(layers), settings.size(), trials, layer_trials};
}

std::string Sweep::digest(std::string_view more) const {
  std::string text = "witin.sweep 1\n" + std::string(version()) + "\n";
  for (const Network& network : networks) {
    text += network.sha256 + " " + std::string(witin::name(network.arithmetic)) + " " + std::to_string(network.frames) +
            "\n";
  }
  for (const Setting& setting : settings) text += setting.text() + " " + setting.model.json() + "\n";
  text += std::to_string(trials) + " " + std::to_string(layer_trials) + " " + std::to_string(seed) + " " + noise_nodes +
          "\n" + std::string(more);
  return package::sha256(std::as_bytes(std::span(text.data(), text.size())));
}

bool Sweep::accepts(const Record& record, const UnitList& units) const {
  return record.unit < units.size() &&
         record.measurement.nodes.size() == networks[units.at(record.unit).model].watched.size();
}

double score(const Network& network, const Measurement& measurement) {
  switch (network.metric()) {
    case Metric::kAccuracy:
      return share(measurement.correct, network.frames);
    case Metric::kAgreement:
      return share(measurement.agreeing, network.frames);
    case Metric::kEqual:
      break;
  }
  return equal_share(network, measurement);
}

ErrorSize output_error(const Network& network, std::span<const Measurement> measurements) {
  return error_size(network, measurements, [&](std::size_t i) { return network.watched[i].output; });
}

std::vector<Finding> find(const Sweep& sweep, std::span<const Measurement> measurements) {
  const UnitList units = sweep.units();
  std::vector<Finding> findings;
  for (std::size_t n = 0; n < sweep.networks.size(); ++n) {
    const Network& network = sweep.networks[n];
    const double best = score(network, network.noiseless);
    for (std::size_t s = 0; s < sweep.settings.size(); ++s) {
      Finding& finding = findings.emplace_back();
      finding.network = n;
      finding.setting = s;
      finding.trials = measurements.subspan(units.find(n, s, std::nullopt), units.trials());
      finding.score = summarise_each(finding.trials, [&](const Measurement& m) { return score(network, m); });
      finding.loss = best - finding.score.mean;
      finding.equal_values =
          summarise_each(finding.trials, [&](const Measurement& m) { return equal_share(network, m); });
      if (network.labelled) {
        finding.accuracy =
            summarise_each(finding.trials, [&](const Measurement& m) { return share(m.correct, network.frames); });
      }
      if (network.classifies) {
        finding.agreement =
            summarise_each(finding.trials, [&](const Measurement& m) { return share(m.agreeing, network.frames); });
      }
      finding.output = output_error(network, finding.trials);
      for (std::size_t i = 0; i < network.watched.size(); ++i) {
        if (!network.watched[i].on_array) continue;
        LayerFinding& layer = finding.layers.emplace_back();
        layer.watched = i;
        layer.error = error_size(network, finding.trials, [&](std::size_t other) { return other == i; });
        const auto noised = std::ranges::find(network.layers, i);
        layer.noised = noised != network.layers.end();
        if (!layer.noised || units.layer_trials() == 0) continue;
        const auto number = static_cast<std::size_t>(noised - network.layers.begin());
        layer.alone = find_alone(network, i, measurements.subspan(units.find(n, s, number), units.layer_trials()));
      }
      finding.worst = find_worst(finding.layers);
    }
  }
  return findings;
}

}  // namespace witin::sweep
