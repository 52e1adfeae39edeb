"""Connections need a key that somebody has chosen; everything else is content with the key beside the database."""

import pytest

from dcvd.errors import NotConfigured
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.services.context import Context


def test_a_configured_key_is_good_for_connections(context: Context) -> None:
    assert context.connection_vault is context.vault


async def test_without_one_connections_are_refused_naming_both_settings(context: Context) -> None:
    made = Context(context.database, context.live_config, vault=Vault(VaultKey(bytes(32)), is_configured=False))
    with pytest.raises(NotConfigured, match=r"vault\.key_file.*OAUTH_ENCRYPTION_KEY") as caught:
        _ = made.connection_vault
    assert caught.value.code == "encryption_key_missing"
    assert made.vault.is_configured is False


async def test_a_command_without_a_vault_has_none_for_connections_either(context: Context) -> None:
    with pytest.raises(NotConfigured, match="the daemon alone opens the vault") as caught:
        _ = Context(context.database, context.live_config).connection_vault
    assert caught.value.code == "daemon_needed"
