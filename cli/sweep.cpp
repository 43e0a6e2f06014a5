// witin-sim sweep: networks x noise levels x trials, over threads and ranks; goes on where it was stopped.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "cli/input_options.hpp"
#include "cli/mpi/ranks.hpp"
#include "cli/ui/progress_bar.hpp"
#include "cli/ui/signals.hpp"
#include "sim/guard.hpp"
#include "sim/package/digest.hpp"
#include "sim/package/limits.hpp"
#include "sim/report/sweep_page.hpp"
#include "sim/report/sweep_report.hpp"
#include "sim/report/table.hpp"
#include "sim/sweep/crew.hpp"
#include "sim/sweep/journal.hpp"
#include "sim/sweep/subject.hpp"
#include "sim/trace/output_file.hpp"

namespace witin::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLayerTrials = 10;

struct SweepArguments {
  std::vector<fs::path> files;
  std::vector<std::string> noise;
  std::int64_t trials = 0;
  std::int64_t layer_trials = -1;
  std::int64_t seed = 0;
  std::string noise_nodes = "*";
  fs::path labels;
  std::string arithmetic;
  bool quantize = false;
  fs::path output;
  fs::path csv;
  fs::path html;
  fs::path svg;
  bool json = false;
  EngineArguments engine;

  [[nodiscard]] std::vector<fs::path> results() const {
    std::vector<fs::path> paths;
    for (const fs::path& path : {output, csv, html, svg}) {
      if (!path.empty()) paths.push_back(path);
    }
    return paths;
  }
};

struct ModelAndInput {
  fs::path model;
  fs::path input;
};

// "A.wpkg B.wpkg X.npy C.wpkg Y.npy": an input belongs to the packages before it that have none yet.
Result<std::vector<ModelAndInput>> pair_files(const std::vector<fs::path>& files) {
  std::vector<ModelAndInput> pairs;
  bool used = true;  // the last input belongs to a package
  for (const fs::path& file : files) {
    if (file.extension() == ".wpkg") {
      pairs.push_back({file, {}});
      continue;
    }
    used = false;
    for (ModelAndInput& pair : pairs) {
      if (!pair.input.empty()) continue;
      pair.input = file;
      used = true;
    }
    if (!used) break;
  }
  if (pairs.empty() || !used || pairs.back().input.empty()) {
    return Error{"usage.input",
                 "packages and inputs do not belong together",
                 "",
                 "MODEL.wpkg ... INPUT.npy, also several times",
                 "",
                 "see witin-sim sweep --help"};
  }
  return pairs;
}

Status check_numbers(const SweepArguments& arguments) {
  if (arguments.trials < 1 || arguments.trials > package::limits::kTrials) {
    return Error{"usage.trials",
                 "the number of trials is out of range",
                 "--trials",
                 "1.." + std::to_string(package::limits::kTrials),
                 std::to_string(arguments.trials),
                 ""};
  }
  if (arguments.layer_trials > arguments.trials) {
    return Error{"usage.trials",
                 "a layer alone cannot have more trials than all together",
                 "--layer-trials",
                 "0.." + std::to_string(arguments.trials),
                 std::to_string(arguments.layer_trials),
                 ""};
  }
  return {};
}

Result<std::string> digest_of(const fs::path& path) {
  const Result<package::File> file = package::File::open(path);
  if (!file) return file.error();
  return package::sha256(*file);
}

// What the result cannot overwrite and the journal cannot lie over; and that results can be written at all.
Status check_results(const SweepArguments& arguments, const std::vector<ModelAndInput>& pairs) {
  std::vector<fs::path> taken{arguments.labels};
  for (const ModelAndInput& pair : pairs) {
    taken.push_back(pair.model);
    taken.push_back(pair.input);
  }
  if (Status free = check_paths(taken, arguments.results()); !free) return free;
  for (const fs::path& path : arguments.results()) {
    if (auto file = trace::OutputFile::create(path, 0); !file) return std::move(file).error();
  }
  return {};
}

// All that a rank needs; the same on every rank.
struct Work {
  std::vector<sweep::Subject> subjects = {};
  sweep::Sweep sweep = {};
  sweep::UnitList units{{}, 0, 1, 0};
  sweep::Share share = {};
};

Status open_subjects(const SweepArguments& arguments, const std::vector<ModelAndInput>& pairs, Work& work) {
  const sweep::SubjectOptions options{.labels = arguments.labels,
                                      .noise_nodes = arguments.noise_nodes,
                                      .threads = work.share.threads,
                                      .cancel = &interrupted()};
  for (const ModelAndInput& pair : pairs) {
    Result<Engine> engine = open_engine(pair.model, arguments.arithmetic);
    if (!engine) return std::move(engine).error();
    const std::vector<InputFile> files{{"", pair.input}};
    auto source = open_inputs(engine->package(), files, {.quantize = arguments.quantize});
    if (!source) return std::move(source).error();
    auto subject = sweep::Subject::create(std::move(engine).value(), std::move(source).value(), options);
    if (!subject) return std::move(subject).error().within(pair.model.string());
    for (const sweep::Setting& setting : work.sweep.settings) {
      Status covered = subject->check(setting.model);
      if (!covered) return std::move(covered).error().within(pair.model.string());
    }
    work.sweep.networks.push_back(subject->network());
    work.subjects.push_back(std::move(subject).value());
  }
  return {};
}

Result<std::string> digest_files(const SweepArguments& arguments, const std::vector<ModelAndInput>& pairs) {
  std::string text = arguments.quantize ? "quantised\n" : "codes\n";
  std::vector<fs::path> files;
  files.reserve(pairs.size() + 1);
  for (const ModelAndInput& pair : pairs) files.push_back(pair.input);
  if (!arguments.labels.empty()) files.push_back(arguments.labels);
  for (const fs::path& file : files) {
    const Result<std::string> digest = digest_of(file);
    if (!digest) return digest.error();
    text += *digest + "\n";
  }
  return text;
}

Status prepare(const SweepArguments& arguments, const sweep::Ranks& ranks, Work& work) {
  if (Status good = check_numbers(arguments); !good) return good;
  const auto pairs = pair_files(arguments.files);
  if (!pairs) return pairs.error();
  if (Status selected = use_isa(arguments.engine); !selected) return selected;
  work.share.threads = arguments.engine.threads > 0 ? arguments.engine.threads : default_threads(ranks);
  work.share.cancel = &interrupted();
  auto settings = sweep::parse_settings(arguments.noise);
  if (!settings) return std::move(settings).error();
  work.sweep.settings = std::move(settings).value();
  work.sweep.trials = arguments.trials;
  work.sweep.layer_trials =
      arguments.layer_trials >= 0 ? arguments.layer_trials : std::min(kLayerTrials, arguments.trials);
  work.sweep.seed = static_cast<std::uint64_t>(arguments.seed);
  work.sweep.noise_nodes = arguments.noise_nodes;
  if (Status opened = open_subjects(arguments, *pairs, work); !opened) return opened;
  if (ranks.rank() == 0) {
    if (Status writable = check_results(arguments, *pairs); !writable) return writable;
  }
  const Result<std::string> files = digest_files(arguments, *pairs);
  if (!files) return files.error();
  work.share.digest = work.sweep.digest(*files);
  work.units = work.sweep.units();
  work.share.measure = [&work](std::size_t number, int threads, const std::atomic<bool>& stop) {
    const sweep::Unit unit = work.units.at(number);
    const NoiseOptions noise{.model = work.sweep.settings[unit.setting].model,
                             .seed = work.sweep.seed,
                             .trial = unit.trial,
                             .nodes = "*",
                             .draws = {}};
    return work.subjects[unit.model].measure(noise, unit.layer, threads, &stop);
  };
  return {};
}

// Beside the first result that is a file; none without one.
Result<std::optional<sweep::Journal>> open_journal(const SweepArguments& arguments, const Work& work) {
  for (fs::path path : arguments.results()) {
    std::error_code ignored;
    if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) continue;
    path += ".journal";
    auto journal = sweep::Journal::open(path, work.share.digest, [&work](const sweep::Record& record) {
      return work.sweep.accepts(record, work.units);
    });
    if (!journal) return std::move(journal).error();
    if (journal->dropped() > 0) {
      log_warning(fmt::format("{}: the last {} are damaged; their trials are done again", path.string(),
                              report::counted(static_cast<std::int64_t>(journal->dropped()), "byte")));
    }
    log_info(fmt::format("{}: {} of {} trials are done", path.string(), journal->found().size(), work.units.size()));
    return std::optional(std::move(journal).value());
  }
  return std::optional<sweep::Journal>();
}

void log_unit(const Work& work, const sweep::Record& record) {
  const sweep::Unit unit = work.units.at(record.unit);
  const sweep::Network& network = work.sweep.networks[unit.model];
  const std::string layer = unit.layer ? " " + network.watched[network.layers[*unit.layer]].name + " alone" : "";
  log_info(fmt::format("{} {}{} trial {}: {} {}", network.name, work.sweep.settings[unit.setting].text(), layer,
                       unit.trial, report::share_text(sweep::score(network, record.measurement)),
                       sweep::name(network.metric())));
}

Result<std::vector<sweep::Measurement>> measure_all(sweep::Ranks& ranks, const Work& work,
                                                    std::optional<sweep::Journal>& journal, const Terminal& terminal) {
  std::vector<std::optional<sweep::Measurement>> found(work.units.size());
  if (journal) {
    for (const sweep::Record& record : journal->found()) found[record.unit] = record.measurement;
  }
  std::vector<std::size_t> pending;
  for (std::size_t unit = 0; unit < found.size(); ++unit) {
    if (!found[unit]) pending.push_back(unit);
  }
  ProgressBar bar(terminal.shows_progress(), "trials");
  std::int64_t done = 0;
  const auto record = [&](std::span<const sweep::Record> records) -> Status {
    if (journal) {
      if (Status kept = journal->append(records); !kept) return kept;
    }
    for (const sweep::Record& one : records) {
      found[one.unit] = one.measurement;
      log_unit(work, one);
    }
    done += std::ssize(records);
    bar.update(done, std::ssize(pending));
    return {};
  };
  if (Status led = sweep::lead(ranks, work.share, pending, record); !led) {
    Error error = std::move(led).error();
    if (journal && error.code == "run.cancelled") error.hint = "the same command goes on where this one stopped";
    return error;
  }
  std::vector<sweep::Measurement> measurements;
  measurements.reserve(found.size());
  for (std::optional<sweep::Measurement>& measurement : found) measurements.push_back(*std::move(measurement));
  return measurements;
}

// All files appear, or none.
Status write_together(const std::vector<std::pair<fs::path, std::string>>& texts) {
  std::vector<trace::OutputFile> files;
  for (const auto& [path, text] : texts) {
    auto file = trace::OutputFile::create(path, text.size());
    if (!file) return std::move(file).error();
    const Status written = file->write(0, std::as_bytes(std::span(text.data(), text.size())));
    if (!written) return written;
    files.push_back(std::move(file).value());
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    Status named = files[i].commit();
    if (named.ok()) continue;
    std::error_code ignored;
    for (std::size_t j = 0; j < i; ++j) fs::remove(texts[j].first, ignored);
    return named;
  }
  return {};
}

Result<ExitStatus> lead(const SweepArguments& arguments, sweep::Ranks& ranks, Work& work, Terminal& terminal) {
  if (Status prepared = prepare(arguments, ranks, work); !prepared) return std::move(prepared).error();
  Result<std::optional<sweep::Journal>> journal = open_journal(arguments, work);
  if (!journal) return std::move(journal).error();
  const auto measurements = measure_all(ranks, work, *journal, terminal);
  if (!measurements) return measurements.error();

  const std::vector<sweep::Finding> findings = sweep::find(work.sweep, *measurements);
  const std::string document = report::sweep_document(work.sweep, findings);
  std::vector<std::pair<fs::path, std::string>> texts;
  const auto add = [&texts](const fs::path& path, auto&& text) {
    if (!path.empty()) texts.emplace_back(path, text());
  };
  add(arguments.output, [&] { return document; });
  add(arguments.csv, [&] { return report::sweep_csv(work.sweep, findings); });
  add(arguments.html, [&] { return report::sweep_page(work.sweep, findings); });
  add(arguments.svg, [&] { return report::sweep_picture(work.sweep, findings); });
  if (Status written = write_together(texts); !written) return std::move(written).error();
  if (*journal) (*journal)->remove();
  terminal.print(arguments.json ? document : report::sweep_summary(work.sweep, findings));
  return ExitStatus::kDone;
}

Result<ExitStatus> sweep_on(sweep::Ranks& ranks, const SweepArguments& arguments, Terminal& terminal) {
  Work work;
  if (ranks.rank() == 0) {
    Result<ExitStatus> done = guarded("", [&] { return lead(arguments, ranks, work, terminal); });
    sweep::dismiss(ranks);
    return done;
  }
  Status prepared = guarded("", [&] { return prepare(arguments, ranks, work); });
  const Result<sweep::Share> share = prepared ? Result(work.share) : Result<sweep::Share>(std::move(prepared).error());
  sweep::serve(ranks, share);
  return ExitStatus::kDone;
}

}  // namespace

void add_sweep(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<SweepArguments>();
  CLI::App* command = app.add_subcommand("sweep", "Measure what noise costs: levels and trials over a data set");
  command->footer(
      "Levels: normal:4, normal:0,1,4.5, normal:0..9, normal:0..2:0.5; also simple and mbs, 0 <= level < 10;\n"
      "custom:FILE.json. --noise may be repeated. A killed sweep goes on where it was when it is started again.\n"
      "\n"
      "Examples:\n"
      "  witin-sim sweep model.wpkg input.npy --labels labels.npy --noise normal:0..9 --trials 100 -o sweep.json\n"
      "  witin-sim sweep a.wpkg b.wpkg input.npy --noise normal:4 --noise mbs:4 --trials 20 --html sweep.html\n"
      "  mpirun -n 4 witin-sim sweep model.wpkg input.npy --noise normal:0..9 --trials 1000 -o sweep.json");
  command->add_option("FILES", arguments->files, "Packages, each followed by its input (.npy or .npz); may share one")
      ->required()
      ->type_name("MODEL.wpkg... INPUT.npy");
  command->add_option("--noise", arguments->noise, "Noise model and levels; may be repeated")
      ->required()
      ->allow_extra_args(false)
      ->type_name("MODEL:LEVELS");
  command->add_option("--trials", arguments->trials, "Trials at each level: chips that are drawn")
      ->required()
      ->type_name("N");
  command
      ->add_option("--layer-trials", arguments->layer_trials,
                   "Of them, trials repeated with one layer noised alone, for each layer; 10 by default, 0: none")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_option("--seed", arguments->seed, "Of the noise; 0 by default")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_option("--noise-nodes", arguments->noise_nodes, "Noise only layers whose names match")
      ->type_name("GLOB");
  command->add_option("--labels", arguments->labels, "Classes, one a frame: measure the accuracy")
      ->type_name("FILE.npy");
  command->add_option("--arithmetic", arguments->arithmetic, "Profile to compute in, instead of the package's own")
      ->check(CLI::IsMember({"wtm2101", "witin_nn", "nb01"}))
      ->type_name("PROFILE");
  command->add_flag("--quantize-input", arguments->quantize, "The input holds real values: quantise them");
  command->add_option("-o,--output", arguments->output, "Write everything as one JSON document")
      ->type_name("SWEEP.json");
  command->add_option("--csv", arguments->csv, "Write the statistics as a table")->type_name("FILE.csv");
  command->add_option("--html", arguments->html, "Write a page with curves and tables")->type_name("FILE.html");
  command->add_option("--svg", arguments->svg, "Write the curve as a picture")->type_name("FILE.svg");
  command->add_flag("--json", arguments->json, "Print the JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback([&action, arguments] {
    action = [arguments](Terminal& terminal) -> Result<ExitStatus> {
      const Result<std::unique_ptr<sweep::Ranks>> ranks = join_ranks();
      if (!ranks) return ranks.error();
      return sweep_on(**ranks, *arguments, terminal);
    };
  });
}

}  // namespace witin::cli
