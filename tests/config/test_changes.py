from msgspec.structs import replace

from dcvd.config import Config, list_changes
from dcvd.config.key_annotations import keys, secret_keys, sections
from dcvd.core.secret import Secret


def test_equal_configurations_have_no_changes() -> None:
    assert list_changes(Config(), Config()) == ([], [])


def test_changes_are_told_apart_by_what_a_running_daemon_can_take_over() -> None:
    old = Config()
    new = replace(
        old,
        server=replace(old.server, listen=()),
        cloudflare=replace(old.cloudflare, api_token=Secret("new"), zone_id="f" * 32),
        webhooks=replace(old.webhooks, retry_schedule=(0,)),
        log=replace(old.log, level="debug"),
    )
    assert list_changes(old, new) == (
        ["cloudflare.api_token", "webhooks.retry_schedule", "log.level"],
        ["server.listen", "cloudflare.zone_id"],
    )


def test_every_attribute_of_the_model_is_compared() -> None:
    compared = {
        f"{name}.{key}" for name, section in sections(Config).items() for key in [*keys(section), *secret_keys(section)]
    }
    fields = {f"{name}.{key}" for name, section in sections(Config).items() for key in section.__struct_fields__}
    assert compared == fields
