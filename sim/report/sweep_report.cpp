#include "sim/report/sweep_report.hpp"

#include "sim/escape.hpp"
#include "sim/number_text.hpp"
#include "sim/report/document.hpp"
#include "sim/report/html/markup.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using sweep::ErrorSize;
using sweep::LayerFinding;
using sweep::Network;
using sweep::Summary;
using sweep::Sweep;

Document to_json(const Summary& summary) {
  Document json = {{"mean", summary.mean},
                   {"deviation", nullptr},
                   {"confidence", nullptr},
                   {"min", summary.min},
                   {"max", summary.max}};
  if (summary.deviation) json["deviation"] = *summary.deviation;
  if (summary.confidence) {
    json["confidence"] = Document::array({summary.confidence->low, summary.confidence->high});
  }
  return json;
}

Document to_json(const std::optional<Summary>& summary) { return summary ? to_json(*summary) : Document(nullptr); }

Document to_json(const ErrorSize& error) {
  return {{"rms", error.rms}, {"largest", error.largest}, {"different", error.different}};
}

Document to_json(const Network& network) {
  Document outputs = Document::array();
  Document layers = Document::array();
  for (const sweep::Watched& watched : network.watched) {
    if (watched.output) outputs.push_back(watched.name);
  }
  for (const std::size_t layer : network.layers) layers.push_back(network.watched[layer].name);
  Document json = {{"name", network.name},
                   {"sha256", network.sha256},
                   {"arithmetic", name(network.arithmetic)},
                   {"frames", network.frames},
                   {"outputs", std::move(outputs)},
                   {"layers", std::move(layers)},
                   {"metric", sweep::name(network.metric())},
                   {"noiseless", nullptr}};
  if (network.labelled) {
    json["noiseless"] = {
        {"correct", network.noiseless.correct},
        {"accuracy", static_cast<double>(network.noiseless.correct) / static_cast<double>(network.frames)}};
  }
  return json;
}

// The keys that say which network and setting an entry is about.
Document place(const Sweep& sweep, const sweep::Finding& finding) {
  const sweep::Setting& setting = sweep.settings[finding.setting];
  Document json = {{"model", finding.network}, {"noise", setting.name}, {"level", nullptr}};
  if (setting.level) json["level"] = *setting.level;
  return json;
}

Document level_json(const Sweep& sweep, const sweep::Finding& finding) {
  const Network& network = sweep.networks[finding.network];
  Document json = place(sweep, finding);
  json["score"] = to_json(finding.score);
  json["loss"] = finding.loss;
  json["accuracy"] = to_json(finding.accuracy);
  json["agreement"] = to_json(finding.agreement);
  json["equal_values"] = to_json(finding.equal_values);
  json["output_error"] = to_json(finding.output);
  json["worst_layer"] = nullptr;
  if (finding.worst) json["worst_layer"] = network.watched[finding.layers[*finding.worst].watched].name;
  return json;
}

Document layer_json(const Sweep& sweep, const sweep::Finding& finding, const LayerFinding& layer) {
  Document json = place(sweep, finding);
  json["node"] = sweep.networks[finding.network].watched[layer.watched].name;
  json["noised"] = layer.noised;
  json["error"] = to_json(layer.error);
  json["alone"] = nullptr;
  if (layer.alone) {
    json["alone"] = {{"score", to_json(layer.alone->score)},
                     {"loss", layer.alone->loss},
                     {"error", to_json(layer.alone->error)},
                     {"output_error", to_json(layer.alone->output)}};
  }
  return json;
}

Document trial_json(const Sweep& sweep, const sweep::Finding& finding, std::size_t trial) {
  const Network& network = sweep.networks[finding.network];
  const sweep::Measurement& measurement = finding.trials[trial];
  Document json = place(sweep, finding);
  json["trial"] = trial;
  json["correct"] = nullptr;
  json["agreeing"] = nullptr;
  if (network.labelled) json["correct"] = measurement.correct;
  if (network.classifies) json["agreeing"] = measurement.agreeing;
  json["output_error"] = to_json(output_error(network, finding.trials.subspan(trial, 1)));
  return json;
}

// RFC 4180.
std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv_line(const Sweep& sweep, const sweep::Finding& finding, std::string_view noised, const Summary& score,
                     double loss, const ErrorSize& output) {
  const Network& network = sweep.networks[finding.network];
  const sweep::Setting& setting = sweep.settings[finding.setting];
  std::string line = csv_cell(network.name) + "," + csv_cell(setting.name) + "," +
                     (setting.level ? number_text(*setting.level) : "") + "," + csv_cell(noised) + "," +
                     std::to_string(score.count) + "," + std::string(sweep::name(network.metric()));
  line += "," + number_text(score.mean) + "," + (score.deviation ? number_text(*score.deviation) : "") + ",";
  if (score.confidence) line += number_text(score.confidence->low) + "," + number_text(score.confidence->high);
  if (!score.confidence) line += ",";
  return line + "," + number_text(score.min) + "," + number_text(score.max) + "," + number_text(loss) + "," +
         number_text(output.rms) + "," + std::to_string(output.largest) + "," + number_text(output.different) + "\n";
}

void add_row(Table& table, const Sweep& sweep, const sweep::Finding& finding) {
  const Network& network = sweep.networks[finding.network];
  const Summary& score = finding.score;
  std::string worst = "-";
  if (finding.worst) worst = network.watched[finding.layers[*finding.worst].watched].name;
  table.add({sweep.settings[finding.setting].text(), share_text(score.mean),
             score.deviation ? share_text(*score.deviation) : "-",
             score.confidence ? share_text(score.confidence->low) + " .. " + share_text(score.confidence->high) : "-",
             share_text(score.min), share_text(score.max), html::fixed(finding.output.rms, 2),
             std::to_string(finding.output.largest), worst});
}

}  // namespace

std::string share_text(double share) { return html::fixed(share * 100, 2) + " %"; }

std::string sweep_document(const Sweep& sweep, std::span<const sweep::Finding> findings) {
  Document json = new_document("witin.sweep");
  json["trials"] = sweep.trials;
  json["layer_trials"] = sweep.layer_trials;
  json["seed"] = sweep.seed;
  json["noise_nodes"] = sweep.noise_nodes;
  json["confidence"] = 0.95;
  json["noise"] = Document::array();
  for (const sweep::Setting& setting : sweep.settings) json["noise"].push_back(Document::parse(setting.model.json()));
  for (const char* list : {"models", "levels", "layers", "trial_results"}) json[list] = Document::array();
  for (const Network& network : sweep.networks) json["models"].push_back(to_json(network));
  for (const sweep::Finding& finding : findings) {
    json["levels"].push_back(level_json(sweep, finding));
    for (const LayerFinding& layer : finding.layers) json["layers"].push_back(layer_json(sweep, finding, layer));
    for (std::size_t trial = 0; trial < finding.trials.size(); ++trial) {
      json["trial_results"].push_back(trial_json(sweep, finding, trial));
    }
  }
  return text_of(json);
}

std::string sweep_csv(const Sweep& sweep, std::span<const sweep::Finding> findings) {
  std::string text =
      "model,noise,level,noised,trials,metric,mean,deviation,confidence_low,confidence_high,min,max,loss,"
      "output_rms_lsb,output_largest_lsb,output_different\n";
  for (const sweep::Finding& finding : findings) {
    text += csv_line(sweep, finding, "*", finding.score, finding.loss, finding.output);
    for (const LayerFinding& layer : finding.layers) {
      if (!layer.alone) continue;
      const std::string& node = sweep.networks[finding.network].watched[layer.watched].name;
      text += csv_line(sweep, finding, node, layer.alone->score, layer.alone->loss, layer.alone->output);
    }
  }
  return text;
}

std::string sweep_summary(const Sweep& sweep, std::span<const sweep::Finding> findings) {
  using enum Table::Align;
  std::string text;
  for (std::size_t n = 0; n < sweep.networks.size(); ++n) {
    const Network& network = sweep.networks[n];
    if (n > 0) text += "\n";
    append_escaped(text, network.name);
    text += ": " + counted(network.frames, "frame") + ", " + counted(sweep.trials, "trial") + " a level, arithmetic " +
            std::string(name(network.arithmetic)) + ", without noise " + share_text(score(network, network.noiseless)) +
            " " + std::string(sweep::name(network.metric())) + "\n\n";
    Table table({{"noise"},
                 {std::string(sweep::name(network.metric())), kRight},
                 {"deviation", kRight},
                 {"95 % confidence", kRight},
                 {"min", kRight},
                 {"max", kRight},
                 {"output rms", kRight},
                 {"largest", kRight},
                 {"worst layer"}});
    for (const sweep::Finding& finding : findings) {
      if (finding.network == n) add_row(table, sweep, finding);
    }
    text += table.text();
  }
  return text;
}

}  // namespace witin::report
