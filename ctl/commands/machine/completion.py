"""``ctl completion``: the command that prints a script, so that a shell completes commands, options and files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from jsonargparse import ArgumentParser

from ctl.command_table import ALL
from ctl.errors import CTLError
from ctl.system.configs import ROOT

SHELLS = ("bash", "zsh", "fish")
STAGE = (  # the options of LightningCLI that one types; it has hundreds
    "--config --ckpt_path --help --print_config --seed_everything --model --model.help --data.root --data.sources "
    "--data.target --data.backbone --data.types --data.soft_labels --data.limit --trainer.accelerator "
    "--trainer.devices --trainer.num_nodes --trainer.max_epochs --trainer.precision --trainer.strategy "
    "--trainer.default_root_dir"
)
BASH = """\
_ctl() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" options=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{commands}" -- "$word"))
    return
  fi
  case "$before" in
    -c|--config) COMPREPLY=($(compgen -f -X '!*.y*ml' -- "$word") $(compgen -d -S / -- "$word") \
$(compgen -W "{configs}" -- "$word")); return ;;
  esac
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -o nosort -F _ctl ctl
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n" + BASH.replace(" -o nosort", "")
FISH_COMMAND = "complete -c ctl -n __fish_use_subcommand -a {name} -d '{help}'\n"
FISH_OPTION = "complete -c ctl -n '__fish_seen_subcommand_from {name}' -l {option}\n"
FISH_CONFIG = (
    "complete -c ctl -s c -l config -r -a '(__fish_complete_suffix .yaml; echo {configs} | string split \" \")'\n"
)


def make_parser() -> ArgumentParser:
    """Makes the parser of ``ctl completion``, which has one argument."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl completion",
        description="Prints a completion script for a shell. Example, in ~/.bashrc: "
        'eval "$(ctl completion bash)"; for fish: ctl completion fish > ~/.config/fish/completions/ctl.fish',
    )
    parser.add_argument("shell", type=str, help=f"One of {', '.join(SHELLS)}.")
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl completion``.

    Raises:
        CTLError: there is no script for this shell.
    """
    shell = make_parser().parse_args(list(args)).shell
    if shell not in SHELLS:
        raise CTLError(f"no completion for {shell}; there is {', '.join(SHELLS)}")
    print(script(shell), end="")


def script(shell: str) -> str:
    """Writes the script, with the commands and options of this version."""
    configs = " ".join(sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.yaml")))
    every = {name: options(name) for name in ALL}
    if shell == "fish":
        lines = [FISH_COMMAND.format(name=name, help=command.help) for name, command in ALL.items()]
        for name, many in every.items():
            lines += [FISH_OPTION.format(name=name, option=option.removeprefix("--")) for option in many]
        return "".join([*lines, FISH_CONFIG.format(configs=configs)])
    cases = "\n".join(f'    {name}) options="{" ".join(many)}" ;;' for name, many in every.items())
    return (ZSH if shell == "zsh" else BASH).format(commands=" ".join(ALL), configs=configs, cases=cases)


@cache
def options(name: str) -> Sequence[str]:
    """Lists the long options of a command."""
    module = import_module(ALL[name].module)
    if not hasattr(module, "make_parser"):
        return STAGE.split()
    actions = module.make_parser()._actions
    return [
        option
        for action in actions
        for option in action.option_strings
        if option.startswith("--") and option[-1] != "+"
    ]
