"""The pages of the commands: dcvd(1), and one for each command of it."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click

from dcvd import __version__
from dcvd.cli.command_groups import COMMAND_GROUPS
from dcvd.cli.command_tree import CommandNode, walk
from dcvd.cli.manual.roff import RoffPage
from dcvd.config.document import DEFAULT_PATH

_TITLE: Final = "dcvd"
_MARK: Final = "\b\n"


def render_command_pages(program: click.Group, date: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page, such as `dcvd-org.1`."""
    nodes = {node.path: node for node in walk(program)}
    yield "dcvd.1", _render_program(nodes, date)
    for name in nodes[()].subcommands:
        yield f"dcvd-{name}.1", _render_command(nodes, name, date)


def _start_page(name: str, date: str) -> RoffPage:
    return RoffPage(name.upper(), 1, date=date, source=f"dcvd {__version__}", title=_TITLE)


def _render_program(nodes: Mapping[tuple[str, ...], CommandNode], date: str) -> str:
    program = nodes[()]
    page = _start_page("dcvd", date)
    page.add_name("dcvd", program.summary)
    _add_synopsis(page, program)
    _add_description(page, program)
    page.add_section("COMMANDS")
    for heading, lines in COMMAND_GROUPS.items():
        names = [name for names, _ in lines for name in names if name in program.subcommands]
        if names:
            page.add_subsection(heading)
        for name in names:
            page.add_entry(f"dcvd {name}", f"{nodes[name,].summary} See dcvd-{name}(1).")
    _add_options(page, program)
    _add_epilog(page, program)
    page.add_section("FILES")
    page.add_entry(str(DEFAULT_PATH), "The configuration. See dcvd.toml(5).")
    page.add_section("SEE ALSO")
    page.add_paragraph(", ".join([*(f"dcvd-{name}(1)" for name in program.subcommands), "dcvd.toml(5)"]))
    return page.render()


def _render_command(nodes: Mapping[tuple[str, ...], CommandNode], name: str, date: str) -> str:
    node = nodes[name,]
    page = _start_page(f"dcvd-{name}", date)
    page.add_name(f"dcvd-{name}", node.summary)
    _add_synopsis(page, node)
    _add_description(page, node)
    _add_options(page, node)
    if node.subcommands:
        page.add_section("COMMANDS")
        for path, child in nodes.items():
            if path[:1] == (name,) and len(path) > 1:
                page.add_subsection(_format_usage(child))
                _add_text(page, child.command.help or "")
                for names, text in _list_options(child):
                    page.add_entry(names, text)
                _add_epilog(page, child, below_subsection=True)
    _add_epilog(page, node)
    page.add_section("SEE ALSO")
    page.add_paragraph("dcvd(1), dcvd.toml(5)")
    return page.render()


def _add_synopsis(page: RoffPage, node: CommandNode) -> None:
    page.add_section("SYNOPSIS")
    page.add_paragraph(f"`{_format_usage(node)}`")


def _format_usage(node: CommandNode) -> str:
    return " ".join(["dcvd", *node.path, *node.command.collect_usage_pieces(node.context)])


def _add_description(page: RoffPage, node: CommandNode) -> None:
    page.add_section("DESCRIPTION")
    _add_text(page, node.command.help or node.summary)


def _add_options(page: RoffPage, node: CommandNode) -> None:
    options = list(_list_options(node))
    if options:
        page.add_section("OPTIONS")
    for names, text in options:
        page.add_entry(names, text)


def _list_options(node: CommandNode) -> Iterator[tuple[str, str]]:
    for parameter in node.command.params:
        record = parameter.get_help_record(node.context)
        if record is not None and record[1]:  # an argument is explained by the text
            yield record


def _add_epilog(page: RoffPage, node: CommandNode, *, below_subsection: bool = False) -> None:
    """Add the examples and what else stands below a help; the first line of a block is a heading if it ends so."""
    for paragraph in _split(node.command.epilog or ""):
        first, _, rest = paragraph.removeprefix(_MARK).partition("\n")
        if paragraph.startswith(_MARK) and first.endswith(":") and rest:
            if below_subsection:
                page.add_paragraph(first)
            else:
                page.add_section(first.rstrip(":").upper())
            page.add_block(inspect.cleandoc(rest))
        else:
            if not below_subsection:
                page.ensure_section("NOTES")
            _add_text(page, paragraph)


def _add_text(page: RoffPage, text: str) -> None:
    for paragraph in _split(text):
        if paragraph.startswith(_MARK):
            page.add_block(inspect.cleandoc(paragraph.removeprefix(_MARK)))
        else:
            page.add_paragraph(paragraph)


def _split(text: str) -> Sequence[str]:
    return [part for part in inspect.cleandoc(text.partition("\f")[0]).split("\n\n") if part.strip()]
