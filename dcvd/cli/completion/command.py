"""`dcvd completion`: prints the script by which a shell completes commands."""

from typing import Final

import click

from dcvd.cli.completion.shells import SHELLS, make_script
from dcvd.cli.options import keep_lines

_PLACES: Final = """\
Places where a shell finds it for all users, and for yourself:

bash  /usr/share/bash-completion/completions/dcvd
      ~/.local/share/bash-completion/completions/dcvd
zsh   /usr/share/zsh/vendor-completions/_dcvd
      a file _dcvd in a directory of $fpath
fish  /usr/share/fish/vendor_completions.d/dcvd.fish
      ~/.config/fish/completions/dcvd.fish

Examples:
  dcvd completion bash > ~/.local/share/bash-completion/completions/dcvd
  source <(dcvd completion bash)
  dcvd completion fish | source"""


@click.command("completion", epilog=keep_lines(_PLACES))
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> None:
    """Print the script by which SHELL completes commands, options, organizations and codes of findings.

    The script asks dcvd at each completion, so it stays right after an upgrade. The Debian package brings it along.
    """
    click.echo(make_script(shell), nl=False)
