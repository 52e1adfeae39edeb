-- What really serves a domain.

-- edge_probed_at: when a probe last found out what serves the domain, as long as it is active.
ALTER TABLE domains ADD COLUMN edge_probed_at INTEGER;
