// witin-sim completion: what bash, zsh and fish need to complete command lines, made from the options themselves.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace witin::cli {
namespace {

struct Word {
  std::vector<std::string> names;  // "--isa", "-o"
  std::string description;
  bool takes_value = false;
  bool takes_file = false;
  std::vector<std::string> choices = {};
};

struct Command {
  std::string name;
  std::string description;
  std::vector<Word> options;
  std::vector<std::string> choices = {};  // of its argument; empty: files
};

// "LEVEL:{none,full}" -> none, full.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, type.find('}') - open - 1), ',');
}

Word word_of(const CLI::Option& option) {
  Word word{.names = {}, .description = option.get_description(), .takes_value = option.get_items_expected_max() > 0};
  for (const std::string& name : option.get_lnames()) word.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) word.names.push_back("-" + name);
  word.choices = choices_of(option);
  const std::string type = option.get_type_name();
  word.takes_file =
      word.choices.empty() && (type.find('.') != std::string::npos || type.find("FILE") != std::string::npos);
  return word;
}

Command command_of(const CLI::App& app) {
  Command command{.name = app.get_name(), .description = app.get_description(), .options = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional()) {
      command.options.push_back(word_of(*option));
    } else if (command.choices.empty()) {
      command.choices = choices_of(*option);
    }
  }
  return command;
}

struct Grammar {
  Command program;  // its options are allowed after every command
  std::vector<Command> commands;
};

Grammar grammar_of(const CLI::App& app) {
  Grammar grammar{.program = command_of(app), .commands = {}};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    Command& added = grammar.commands.emplace_back(command_of(*command));
    std::erase_if(added.options, [](const Word& word) { return word.names.front() == "--help"; });  // as the program's
  }
  return grammar;
}

std::string join(const std::vector<std::string>& words, std::string_view between = " ") {
  return fmt::format("{}", fmt::join(words, between));
}

std::vector<std::string> command_names(const Grammar& grammar) {
  std::vector<std::string> names;
  for (const Command& command : grammar.commands) names.push_back(command.name);
  return names;
}

// ---- bash

std::string bash_values(const Command& command, std::string_view scope) {
  std::string out;
  for (const Word& option : command.options) {
    if (!option.takes_value) continue;
    const std::string reply = !option.choices.empty()
                                  ? fmt::format("$(compgen -W '{}' -- \"$cur\")", join(option.choices))
                              : option.takes_file ? "$(compgen -f -- \"$cur\")"
                                                  : "";
    std::vector<std::string> places;
    for (const std::string& name : option.names) places.push_back(fmt::format("{}:{}", scope, name));
    out += fmt::format("    {}) COMPREPLY=({}); return ;;\n", join(places, "|"), reply);
  }
  return out;
}

std::string bash_words(const Command& command) {
  std::vector<std::string> words;
  for (const Word& option : command.options) words.insert(words.end(), option.names.begin(), option.names.end());
  return join(words);
}

std::string bash(const Grammar& grammar) {
  const std::string names = join(command_names(grammar), "|");
  std::string values;
  std::string words;
  for (const Command& command : grammar.commands) {
    values += bash_values(command, command.name);
    words += fmt::format("    {}) words='{} {}'; others='{}' ;;\n", command.name, bash_words(grammar.program),
                         bash_words(command), join(command.choices));
  }
  values += bash_values(grammar.program, "*");
  return fmt::format(R"(# bash completion of witin-sim: source <(witin-sim completion bash)
_witin_sim() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} command='' words='{}' others='{}' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in {}) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  [[ -z $command && $COMP_CWORD -gt 1 ]] && command=run
  case $command:$prev in
{}  esac
  case $command in
{}  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif [[ -n $others ]]; then
    COMPREPLY=($(compgen -W "$others" -- "$cur"))
  fi
}}
complete -o bashdefault -o default -F _witin_sim witin-sim
)",
                     bash_words(grammar.program), join(command_names(grammar)), names, values, words);
}

// ---- zsh

std::string zsh_quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') out += "'\\'";
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_arguments(const Command& command, std::string_view indent) {
  std::string out;
  for (const Word& option : command.options) {
    const std::string action = !option.takes_value       ? ""
                               : !option.choices.empty() ? fmt::format(":value:({})", join(option.choices))
                               : option.takes_file       ? ":file:_files"
                                                         : ":value: ";
    for (const std::string& name : option.names) {
      out += fmt::format("{}'{}[{}]{}' \\\n", indent, name, zsh_quoted(option.description), action);
    }
  }
  return out;
}

std::string zsh(const Grammar& grammar) {
  std::string described;
  std::string cases;
  for (const Command& command : grammar.commands) {
    described += fmt::format("    '{}:{}'\n", command.name, zsh_quoted(command.description));
    const std::string argument =
        command.choices.empty() ? "*:file:_files" : fmt::format("1:value:({})", join(command.choices));
    cases += fmt::format("    {})\n      _arguments \\\n{}{}        '{}' ;;\n", command.name,
                         zsh_arguments(grammar.program, "        "), zsh_arguments(command, "        "), argument);
  }
  return fmt::format(R"(#compdef witin-sim
# zsh completion of witin-sim: witin-sim completion zsh > a file _witin-sim in a folder of $fpath
_witin_sim() {{
  local -a commands=(
{}  )
  local command=${{words[(r){}]}}
  if [[ -z $command || $words[CURRENT] == $command ]]; then
    _describe command commands
    _arguments \
{}      '*:file:_files'
    return
  fi
  case $command in
{}  esac
}}
if [[ $funcstack[1] == _witin-sim ]]; then _witin_sim "$@"; else compdef _witin_sim witin-sim; fi
)",
                     described, "(" + join(command_names(grammar), "|") + ")", zsh_arguments(grammar.program, "      "),
                     cases);
}

// ---- fish

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_options(const Command& command, const std::string& condition) {
  std::string out;
  for (const Word& option : command.options) {
    out += "complete -c witin-sim" + condition;
    for (const std::string& name : option.names) {
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!option.choices.empty()) {
      out += " -x -a " + fish_quoted(join(option.choices));
    } else if (option.takes_value) {
      out += option.takes_file ? " -r" : " -x";
    }
    out += " -d " + fish_quoted(option.description) + "\n";
  }
  return out;
}

std::string fish(const Grammar& grammar) {
  std::string out = "# fish completion of witin-sim: witin-sim completion fish | source\n";
  for (const Command& command : grammar.commands) {
    out += fmt::format("complete -c witin-sim -n __fish_use_subcommand -a {} -d {}\n", command.name,
                       fish_quoted(command.description));
  }
  out += fish_options(grammar.program, "");
  for (const Command& command : grammar.commands) {
    const std::string condition = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
    out += fish_options(command, condition);
    if (!command.choices.empty()) {
      out += fmt::format("complete -c witin-sim{} -f -a {}\n", condition, fish_quoted(join(command.choices)));
    }
  }
  return out;
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes command lines in a shell");
  command->footer(
      "Examples:\n"
      "  source <(witin-sim completion bash)\n"
      "  witin-sim completion zsh > ~/.zfunc/_witin-sim\n"
      "  witin-sim completion fish > ~/.config/fish/completions/witin-sim.fish");
  command->add_option("SHELL", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("NAME");
  command->callback([&app, &action, shell] {
    action = [&app, shell](Terminal& terminal) -> Result<ExitStatus> {
      const Grammar grammar = grammar_of(app);
      terminal.print(*shell == "bash" ? bash(grammar) : *shell == "zsh" ? zsh(grammar) : fish(grammar));
      return ExitStatus::kDone;
    };
  });
}

}  // namespace witin::cli
