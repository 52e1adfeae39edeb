"""Find the kinds of jobs: every module of `dcvd.services` whose name ends in `_job` declares exactly one."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from dcvd import services
from dcvd.services.jobs.definition import JobDefinition


def find_modules() -> list[ModuleType]:
    """Import the modules that declare a kind, in the order of their names."""
    names = [module.name for module in pkgutil.walk_packages(services.__path__, f"{services.__name__}.")]
    return [import_module(name) for name in sorted(names) if name.endswith("_job")]


def collect_definitions(modules: Iterable[ModuleType]) -> tuple[JobDefinition[Any], ...]:
    """Collect the declarations of modules, by rank.

    Raises ValueError where a module has none or several, and where a name repeats.
    """
    definitions = []
    for module in modules:
        declared = [value for value in vars(module).values() if isinstance(value, JobDefinition)]
        if len(declared) != 1:
            raise ValueError(f"{module.__name__} declares {len(declared)} kinds of jobs instead of one")
        definitions += declared
    names = [definition.kind.name for definition in definitions]
    if len(set(names)) != len(names):
        raise ValueError(f"two kinds of jobs have the same name: {', '.join(sorted(names))}")
    return tuple(sorted(definitions, key=lambda definition: (definition.rank, definition.kind.name)))


JOB_DEFINITIONS: Final = collect_definitions(find_modules())
"""All kinds of jobs, in the order in which they get slots."""

CODES_ENDED_BY_CLOUDFLARE: Final = frozenset(
    outage.code
    for definition in JOB_DEFINITIONS
    for outage in definition.outages
    if outage.ends_when_cloudflare_answers
)
"""The codes of outages that are over once Cloudflare answers again."""
