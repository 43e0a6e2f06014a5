"""The scripts of witin-sim completion, in the shells that are installed."""
import shutil
import subprocess
import unittest

from program import CliTest


def needs(shell):
    return unittest.skipUnless(shutil.which(shell), f"skipped: no {shell}")


class Completion(CliTest):
    def setUp(self):
        super().setUp()
        for shell in ("bash", "zsh", "fish"):
            with open(self.path(f"c.{shell}"), "w", encoding="utf-8") as stream:
                stream.write(self.done("completion", shell))

    def shell(self, *command):
        result = subprocess.run(command, cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def bash(self, *words):
        quoted = " ".join(f"'{word}'" for word in words)
        return self.shell("bash", "-c",
                          f"source c.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _witin_sim; "
                          "printf '%s\\n' \"${COMPREPLY[@]}\"").split()

    def test_every_option_of_the_help_is_there(self):
        for command in ("run", "info", "verify", "diff"):
            wanted = {word.strip(",") for line in self.done(command, "--help").splitlines() if line.startswith("  -")
                      for word in line.split()[0].split(",")}
            words = self.bash("witin-sim", command, "-")
            self.assertLessEqual(wanted, set(words))
            for shell in ("zsh", "fish"):
                with open(self.path(f"c.{shell}"), encoding="utf-8") as stream:
                    text = stream.read()
                for word in wanted - {"-h", "-o"}:
                    self.assertIn(word if shell == "zsh" else f"-l {word[2:]}", text)

    def test_bash(self):
        self.assertEqual(self.bash("witin-sim", ""),
                         ["run", "info", "golden", "verify", "diff", "gap", "sweep", "bench", "completion"])
        self.assertEqual(self.bash("witin-sim", "ver"), ["verify"])
        self.assertEqual(self.bash("witin-sim", "run", "--trace-level", "n"), ["none", "nodes"])
        self.assertEqual(self.bash("witin-sim", "--color", "a"), ["auto", "always"])
        self.assertEqual(self.bash("witin-sim", "m.wpkg", "--thr"), ["--threads"])
        self.assertEqual(self.bash("witin-sim", "completion", "z"), ["zsh"])
        self.assertEqual(self.bash("witin-sim", "run", "-o", "c.f"), ["c.fish"])

    @needs("zsh")
    def test_zsh(self):
        self.shell("zsh", "-n", "c.zsh")

    @needs("fish")
    def test_fish(self):
        found = self.shell("fish", "--no-config", "-c", "source c.fish; complete -C 'witin-sim run --trace-level n'")
        self.assertEqual([line.split("\t")[0] for line in found.splitlines()], ["nodes", "none"])


if __name__ == "__main__":
    unittest.main()
