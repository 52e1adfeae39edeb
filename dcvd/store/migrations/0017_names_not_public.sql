-- Why a name led to no address that may be dialled is nothing that a tenant may learn.
UPDATE attempts SET reason = 'name_not_public', outcome = 'dns', error = 'The name leads to no public address.'
    WHERE reason IN ('name_not_found', 'name_without_address') OR (reason = 'address_not_allowed' AND error LIKE '% leads to %');
