-- DNS that turns over and over is damped; warnings of an expiry are remembered for each certificate.

-- dns_settles_at: when the turns of its DNS do not count any more (milliseconds).
ALTER TABLE domains ADD COLUMN dns_settles_at INTEGER;
-- expiry_warnings: JSON, the certificates that were warned of.
ALTER TABLE domains ADD COLUMN expiry_warnings TEXT NOT NULL DEFAULT '[]';
UPDATE domains SET expiry_warnings = json_array(json_object(
    'serial', CASE WHEN expires_at = warned_for THEN certificate_serial END,
    'expires_at', warned_for,
    'sent', warned_level
)) WHERE warned_for IS NOT NULL;
ALTER TABLE domains DROP COLUMN warned_for;
ALTER TABLE domains DROP COLUMN warned_level;
