// witin-sim golden: test vectors of a network for hardware, firmware and benches.
#include "sim/golden/golden.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "cli/input_options.hpp"
#include "cli/ui/progress_bar.hpp"
#include "cli/ui/signals.hpp"
#include "sim/report/document.hpp"
#include "sim/report/table.hpp"

namespace witin::cli {
namespace {

namespace fs = std::filesystem;

struct GoldenArguments {
  fs::path model;
  InputArguments input;
  std::vector<std::pair<std::string, std::string>> further;  // --net MODEL INPUT
  fs::path output;
  std::string format = "mapper";
  std::optional<std::int64_t> frames;
  std::optional<std::int64_t> start;
  fs::path place;
  fs::path random_idx;
  std::string arithmetic;
  bool force = false;
  bool json = false;
  EngineArguments engine;
};

struct OpenNet {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<FrameSource> source;
};

Result<OpenNet> open_net(const fs::path& model, std::span<const InputFile> files, const GoldenArguments& arguments) {
  Result<Engine> engine = open_engine(model, arguments.arithmetic);
  if (!engine) return std::move(engine).error();
  OpenNet net;
  net.engine = std::make_unique<Engine>(std::move(engine).value());
  auto source = open_inputs(net.engine->package(), files, {.quantize = arguments.input.quantize});
  if (!source) return std::move(source).error();
  net.source = std::move(source).value();
  return net;
}

Result<std::vector<OpenNet>> open_nets(const GoldenArguments& arguments) {
  std::vector<OpenNet> nets;
  const Result<std::vector<InputFile>> files = input_files(arguments.input);
  if (!files) return files.error();
  Result<OpenNet> net = open_net(arguments.model, *files, arguments);
  if (!net) return std::move(net).error();
  nets.push_back(std::move(net).value());
  for (const auto& [model, input] : arguments.further) {
    const std::vector<InputFile> file{{"", input}};
    Result<OpenNet> further = open_net(model, file, arguments);
    if (!further) return std::move(further).error();
    nets.push_back(std::move(further).value());
  }
  return nets;
}

// --force must not remove what is read.
Status check_folder(const GoldenArguments& arguments) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(fs::absolute(arguments.output, ignored), ignored);
  std::vector<fs::path> read{arguments.model, arguments.input.file, arguments.place, arguments.random_idx};
  for (const std::string& named : arguments.input.named) read.emplace_back(named.substr(named.find('=') + 1));
  for (const auto& [model, input] : arguments.further) read.insert(read.end(), {model, input});
  for (const fs::path& path : read) {
    if (path.empty()) continue;
    const fs::path real = fs::weakly_canonical(fs::absolute(path, ignored), ignored);
    const fs::path inside = real.lexically_relative(folder);
    if (inside.empty() || *inside.begin() == "..") continue;
    return Error{"usage.overwrite",
                 "a file that is read lies in the folder that is written",
                 path.string(),
                 "a folder of its own",
                 arguments.output.string(),
                 ""};
  }
  return {};
}

golden::Format format_of(const std::string& name) {
  if (name == "npz") return golden::Format::kNpz;
  if (name == "c") return golden::Format::kC;
  return name == "hex" ? golden::Format::kHex : golden::Format::kMapper;
}

std::string document(const GoldenArguments& arguments, const golden::Written& written) {
  report::Document out = report::new_document("witin.golden_written");
  out["folder"] = arguments.output.string();
  out["kind"] = arguments.format;
  out["first_frame"] = written.start;
  out["frames"] = written.frames;
  out["layers"] = report::Document::array();
  for (const golden::WrittenLayer& layer : written.layers) {
    report::Document entry = {{"net", layer.net},         {"name", layer.name},           {"rows", layer.rows},
                              {"columns", layer.columns}, {"bias_rows", layer.bias_rows}, {"lines", layer.lines}};
    entry["place"] = layer.place.empty() ? report::Document() : report::Document(layer.place);
    out["layers"].push_back(std::move(entry));
  }
  out["left_out"] = report::Document::array();
  for (const Error& error : written.left_out) out["left_out"].push_back(report::to_json(error));
  out["files"] = written.files;
  return report::text_of(out);
}

std::string text(const GoldenArguments& arguments, const golden::Written& written) {
  std::string out = fmt::format("{}: {} from frame {} on, {} in {}\n", arguments.output.string(),
                                report::counted(written.frames, "frame"), written.start,
                                report::counted(std::ssize(written.layers), "layer"),
                                report::counted(std::ssize(written.files), "file"));
  for (const golden::WrittenLayer& layer : written.layers) {
    out += fmt::format("  {} [{}, {}], bias rows {}", layer.name, layer.rows, layer.columns, layer.bias_rows);
    if (!layer.place.empty()) {
      out += fmt::format(", at column {}, row {}, bias unit {}", layer.place[0], layer.place[1], layer.place[2]);
    }
    out += "\n";
  }
  for (const Error& error : written.left_out) out += "  no layer: " + error.line() + "\n";
  return out;
}

Result<ExitStatus> write(const GoldenArguments& arguments, Terminal& terminal) {
  if (Status used = use_isa(arguments.engine); !used) return std::move(used).error();
  if (Status checked = check_folder(arguments); !checked) return std::move(checked).error();
  const Result<std::vector<OpenNet>> open = open_nets(arguments);
  if (!open) return open.error();
  std::vector<golden::Net> nets;
  for (const OpenNet& net : *open) nets.push_back({net.engine.get(), net.source.get()});

  golden::GoldenOptions options;
  options.format = format_of(arguments.format);
  options.frames = arguments.frames;
  options.start = arguments.start;
  options.place = arguments.place;
  options.random_idx = arguments.random_idx;
  options.replace = arguments.force;
  options.run.threads = arguments.engine.threads;
  options.run.cancel = &interrupted();
  const Result<golden::Written> written = [&] {
    ProgressBar bar(terminal.shows_progress());
    options.run.progress = [&bar](std::int64_t done, std::int64_t total) { bar.update(done, total); };
    return golden::write_golden(nets, arguments.output, options);
  }();
  if (!written) return written.error();
  terminal.print(arguments.json ? document(arguments, *written) : text(arguments, *written));
  return ExitStatus::kDone;
}

}  // namespace

void add_golden(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<GoldenArguments>();
  CLI::App* command = app.add_subcommand("golden", "Write test vectors for hardware, firmware and benches");
  command->footer(
      "Examples:\n"
      "  witin-sim golden model.wpkg input.npy -o vectors\n"
      "  witin-sim golden model.wpkg input.npy -o vectors --place layers.txt --random-idx random_idx.txt\n"
      "  witin-sim golden one.wpkg one.npy --net two.wpkg two.npy -o vectors\n"
      "  witin-sim golden model.wpkg input.npy -o vectors --format c --frames 4");
  command->add_option("MODEL", arguments->model, "The network: a package")->required()->type_name("FILE.wpkg");
  add_named_input_options(*command, arguments->input);
  command->add_option("--net", arguments->further, "A further network on the same array (mapper); may be repeated")
      ->type_name("FILE.wpkg FILE.npy");
  command->add_option("-o,--output", arguments->output, "The folder to write; new or empty")
      ->required()
      ->type_name("FILE");
  command->add_option("--format", arguments->format, "What to write")
      ->check(CLI::IsMember({"mapper", "npz", "c", "hex"}))
      ->type_name("KIND");
  command->add_option("--frames", arguments->frames, "How many frames; mapper: 100 by default, else all")
      ->type_name("N");
  command->add_option("--calibration-start", arguments->start, "First frame taken; mapper: 10 by default, else 0")
      ->type_name("N");
  command->add_option("--place", arguments->place, "Coordinates of the layers, as layers.txt (mapper)")
      ->type_name("FILE.txt");
  command->add_option("--random-idx", arguments->random_idx, "Which frames, as random_idx.txt (mapper)")
      ->type_name("FILE.txt");
  command->add_option("--arithmetic", arguments->arithmetic, "Profile to compute in, instead of the package's own")
      ->check(CLI::IsMember({"wtm2101", "witin_nn", "nb01"}))
      ->type_name("PROFILE");
  command->add_flag("--force", arguments->force, "Replace a folder that holds files");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return write(*arguments, terminal); }; });
}

}  // namespace witin::cli
