-- The sites that may show the pages of an organization's customers in a frame, as a JSON list of origins.
ALTER TABLE brandings ADD COLUMN embed_origins TEXT NOT NULL DEFAULT '[]';
